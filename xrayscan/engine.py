"""The local engine: reader processes, a bounded number of rows in flight, batches, one scoring thread."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import Pipe
from types import TracebackType
from typing import Protocol, Self, TypeVar

from xrayscan.infer import Row
from xrayscan.readers import Work, open_readers

T = TypeVar("T")
BATCHES_AHEAD = 2  # full batches given to the device: one computing, one waiting so that it never idles
ROWS_BEFORE_START = 1024  # read while the batch stage is still being made; 17 MB at 128 px
REFUSED_AT_ONCE = 256  # rows with a reason are handed over in lots, since each lot is one transaction on a share


class Score(Protocol):
    """The batch stage: `xrayscan.infer.Infer`, or whatever has its shape."""

    batch_size: int

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """Return the same rows, scored, in the same order."""
        ...


def read(rows: Iterable[Row], work: Work, *, workers: int) -> Iterator[Row]:
    """Run ``work`` on every row, in ``workers`` processes (0: in this one), and yield the results as they come."""
    source = iter(rows)
    with open_readers(work, workers) as readers:
        readers.feed(source)
        while readers.busy:
            yield from readers.collect()
            readers.feed(source)


def run(rows: Iterable[Row], *, prepare: Work, start: Callable[[], Score], workers: int) -> Iterator[list[Row]]:
    """Read rows and score them in batches; yield lists of finished rows, those with a reason among them.

    Reading, scoring and whatever the caller does with finished rows overlap. ``start`` makes the batch stage; it runs
    in the scoring thread while the readers already read, since importing torch takes longer than many a folder.
    Rows in flight are bounded by the readers' room plus a few batches, whatever the length of ``rows``.
    """
    source, more = iter(rows), True
    ready: list[Row] = []  # read, to be scored
    refused: list[Row] = []  # have a reason
    with open_readers(prepare, workers) as readers, _Scorer(start) as scorer:
        while more or readers.busy or ready or scorer.waiting:
            size = scorer.batch_size
            if more and len(ready) < (size or ROWS_BEFORE_START):
                more = readers.feed(source)
            if readers.busy or scorer.waiting or not size:
                for row in readers.collect(scorer.wake):
                    (refused if row.get("reason") else ready).append(row)
            last = not more and not readers.busy
            while size and scorer.waiting < BATCHES_AHEAD and (len(ready) >= size or (ready and last)):
                scorer.submit(ready[:size])
                del ready[:size]
            for batch in scorer.finished():
                yield batch + refused
                refused = []
            if len(refused) >= REFUSED_AT_ONCE:
                yield refused
                refused = []
    if refused:
        yield refused


class _Scorer:
    """One thread that makes the batch stage and runs it on batches, in order; ``wake`` speaks when one is done."""

    def __init__(self, start: Callable[[], Score]) -> None:
        self.wake, self._bell = Pipe(duplex=False)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="score")
        self._score = self._watched(self._thread.submit(start))
        self._batches: deque[Future[list[Row]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown(cancel_futures=True)
        self.wake.close()
        self._bell.close()

    @property
    def batch_size(self) -> int:
        """Films per batch; 0 until the batch stage is there. Raises whatever kept it from starting."""
        return self._score.result().batch_size if self._score.done() else 0

    @property
    def waiting(self) -> int:
        return len(self._batches)

    def submit(self, rows: list[Row]) -> None:
        self._batches.append(self._watched(self._thread.submit(lambda: self._score.result()(rows))))

    def finished(self) -> Iterator[list[Row]]:
        while self._batches and self._batches[0].done():
            yield self._batches.popleft().result()

    def _watched(self, future: Future[T]) -> Future[T]:
        future.add_done_callback(lambda _: None if self._bell.closed else self._bell.send_bytes(b"."))
        return future

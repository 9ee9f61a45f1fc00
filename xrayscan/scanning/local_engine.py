"""The local engine: reader processes, a bounded number of rows in flight, batches, scoring threads."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from multiprocessing import Pipe
from types import TracebackType
from typing import Self, TypeVar

from xrayscan.scanning.reader import Work
from xrayscan.scanning.row import Row, Rows
from xrayscan.scanning.score import BatchScorer
from xrayscan.scanning.workers import FILE_TIMEOUT, InlineWorker, WorkerPool, open_workers

T = TypeVar("T")
OpenReaders = Callable[[Work, int, float], contextlib.AbstractContextManager[WorkerPool | InlineWorker]]
BATCHES_AHEAD = 1  # full batches that wait while every stream computes one, so that none ever idles
ROWS_BEFORE_START = 1024  # read by other processes while the batch stage is still being made; 17 MB at 128 px
REFUSED_AT_ONCE = 256  # rows with a reason are handed over in lots, since each lot is one transaction on a share
END_SECONDS = 3.0  # that the batches in flight have when a scan is stopped


def read(rows: Iterable[Row], work: Work, *, workers: int) -> Iterator[Row]:
    """Run ``work`` on every row, in ``workers`` processes (0: in this one), and yield the results as they come."""
    source: Rows = iter(rows)
    with open_workers(work, workers) as readers:
        readers.feed(source)
        while readers.busy:
            yield from readers.collect()
            readers.feed(source)


def run(
    rows: Rows,
    *,
    prepare: Work,
    start: Callable[[], BatchScorer],
    workers: int,
    file_timeout: float = FILE_TIMEOUT,
    stopping: Callable[[], bool] = lambda: False,
    readers: OpenReaders = open_workers,
) -> Iterator[list[Row]]:
    """Read rows and score them in batches; yield lists of finished rows, those with a reason among them.

    Reading, scoring and whatever the caller does with finished rows overlap. ``start`` makes the batch stage; it runs
    in the scoring thread while the readers already read, since importing torch takes longer than many a folder.
    Without readers nothing is read meanwhile: libraries that ask whether torch is there must not find half of it.
    Rows in flight are bounded by the readers' room plus a few batches, whatever the length of ``rows``. Once
    ``stopping`` is true no more are begun: what is being scored is handed over, the rest is dropped.
    ``readers`` gives the readers, which may outlive the rows.
    """
    more, ahead = True, ROWS_BEFORE_START if workers else 0
    ready: list[Row] = []  # read, to be scored
    refused: list[Row] = []  # have a reason
    with _Scorer(start) as scorer:
        with readers(prepare, workers, file_timeout) as pool:
            while not stopping() and (more or pool.busy or ready or scorer.waiting):
                stage = scorer.stage
                if more and len(ready) < (stage.batch_size if stage else ahead):
                    more = pool.feed(rows)
                if pool.busy or scorer.waiting or not stage:
                    for row in pool.collect(scorer.wake):
                        (refused if row.get("reason") else ready).append(row)
                last = not more and not pool.busy
                while stage and scorer.has_room(stage) and (len(ready) >= stage.batch_size or (ready and last)):
                    batch, ready = ready[: (size := stage.batch_size)], ready[size:]  # a thread may halve it meanwhile
                    scorer.submit(stage, batch)
                for batch in scorer.finished():
                    yield batch + refused
                    refused = []
                if len(refused) >= REFUSED_AT_ONCE:
                    yield refused
                    refused = []
        yield from scorer.ended(stopped=stopping())
    if refused:
        yield refused


class _Scorer:
    """Threads that make the batch stage and run it on batches; ``wake`` speaks when one is done."""

    def __init__(self, start: Callable[[], BatchScorer]) -> None:
        self.wake, self._bell = Pipe(duplex=False)
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="start")
        self._start = self._watched(self._starter.submit(start))
        self._streams: ThreadPoolExecutor | None = None
        self._patient = True  # whether to wait for threads that are still at work
        self._batches: list[Future[list[Row]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._starter.shutdown(wait=self._patient)
        if self._streams:
            self._streams.shutdown(wait=self._patient, cancel_futures=True)
        self.wake.close()
        self._bell.close()

    @property
    def stage(self) -> BatchScorer | None:
        """The batch stage; None until it is made. Raises whatever kept it from being made."""
        return self._start.result() if self._start.done() else None

    @property
    def waiting(self) -> int:
        """How many batches were submitted and have not been handed back."""
        return len(self._batches)

    def has_room(self, stage: BatchScorer) -> bool:
        """Whether another batch would not only wait behind others."""
        return len(self._batches) < stage.streams + BATCHES_AHEAD

    def submit(self, stage: BatchScorer, rows: list[Row]) -> None:
        """Have a batch scored as soon as a stream is free."""
        self._streams = self._streams or ThreadPoolExecutor(stage.streams, thread_name_prefix="score")
        self._batches.append(self._watched(self._streams.submit(stage, rows)))

    def finished(self) -> Iterator[list[Row]]:
        """Hand back the batches that are done, whichever came first."""
        done = [batch for batch in self._batches if batch.done()]
        self._batches = [batch for batch in self._batches if batch not in done]
        for batch in done:
            yield batch.result()

    def ended(self, *, stopped: bool) -> Iterator[list[Row]]:
        """Hand back the batches that are being computed, if they are done soon; forget those that wait.

        A scan that was stopped leaves threads behind that take longer; one that ends by itself does not, since the
        next one would import torch beside them.
        """
        running = [batch for batch in self._batches if not batch.cancel()]
        wait(running, END_SECONDS)
        self._batches = running
        yield from self.finished()
        self._patient = not stopped or (self._start.done() and not self._batches)

    def _watched(self, future: Future[T]) -> Future[T]:
        future.add_done_callback(lambda _: self._ring())
        return future

    def _ring(self) -> None:
        with contextlib.suppress(OSError):  # closed: nobody waits any more
            self._bell.send_bytes(b".")

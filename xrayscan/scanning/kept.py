"""What one scan after the other is done with: reader processes and loaded models, so that the next begins at once."""

import contextlib
from collections.abc import Callable, Iterator

from xrayscan.scanning.hardware import Hardware
from xrayscan.scanning.reader import Work
from xrayscan.scanning.score import BatchScorer
from xrayscan.scanning.workers import InlineWorker, WorkerPool, open_workers


class Kept:
    """Kept between scans of the same models with the same settings. Close it, or use it as a context manager."""

    def __init__(self) -> None:
        self._stage: tuple[Hardware, BatchScorer] | None = None
        self._undo = contextlib.ExitStack()
        self._workers: WorkerPool | InlineWorker | None = None

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def stage(self, make: Callable[[], tuple[Hardware, BatchScorer]]) -> tuple[Hardware, BatchScorer]:
        """The models, loaded by the first scan."""
        self._stage = self._stage or make()
        return self._stage

    @contextlib.contextmanager
    def workers(self, work: Work, count: int, file_timeout: float) -> Iterator[WorkerPool | InlineWorker]:
        """The readers, started by the first scan, and anew by one that follows on a failure."""
        readers = self._workers
        if readers is None:
            self._workers = readers = open_workers(work, count, file_timeout)
            self._undo.push(readers)
        try:
            yield readers
        finally:
            if readers.busy:  # a scan that was stopped in the middle leaves rows behind
                self._workers = None
                self._undo.close()

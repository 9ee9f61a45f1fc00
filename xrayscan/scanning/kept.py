"""What the local engine works with, reader processes and loaded models: one scan after the other may have the same."""

import contextlib
from collections.abc import Callable, Iterator

from xrayscan.scanning.hardware import Hardware
from xrayscan.scanning.reader import Work
from xrayscan.scanning.score import BatchScorer
from xrayscan.scanning.workers import InlineWorker, WorkerPool, open_workers


class Kept:
    """A context manager, open for one scan, or for several by the same models with the same settings."""

    def __init__(self) -> None:
        self._stage: tuple[Hardware, BatchScorer] | None = None
        self._undo = contextlib.ExitStack()
        self._readers: WorkerPool | InlineWorker | None = None

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def stage(self, make: Callable[[], tuple[Hardware, BatchScorer]]) -> tuple[Hardware, BatchScorer]:
        """The models, loaded by the first scan."""
        self._stage = self._stage or make()
        return self._stage

    @contextlib.contextmanager
    def readers(
        self, work: Work, count: int, file_timeout: float, *, dicom: bool
    ) -> Iterator[WorkerPool | InlineWorker]:
        """The readers, started by the first scan, and anew by one that follows on a failure."""
        readers = self._readers
        if readers is None:
            self._readers = readers = open_workers(work, count, file_timeout, dicom)
            self._undo.push(readers)
        try:
            yield readers
        finally:
            if readers.busy:  # a scan that was stopped in the middle leaves rows behind
                self._readers = None
                self._undo.close()

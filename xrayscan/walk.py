"""The walk of a scan in a thread of its own, somewhat ahead of the readers, so that progress knows how much is left."""

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from xrayscan.discover import Source, discover
from xrayscan.record import Status

AHEAD = 50_000  # paths found and not yet read: about 20 MB, whatever the size of the tree


@dataclass(slots=True)
class Progress:
    """How far a scan is. ``found`` grows while the walk goes on; ``walked`` says that it is complete."""

    found: int = 0
    scored: int = 0
    rejected: int = 0
    ignored: int = 0
    kept: int = 0  # of all these, from an earlier scan
    walked: bool = False
    device: str = ""
    precision: str = ""
    batch_size: int = 0
    seconds: float = 0.0  # the scan as a whole; 0 until it is complete

    @property
    def done(self) -> int:
        """Paths that have their record."""
        return self.scored + self.rejected + self.ignored

    def count(self, status: Status) -> None:
        """Count one more record."""
        if status is Status.SCORED:
            self.scored += 1
        elif status is Status.REJECTED:
            self.rejected += 1
        else:
            self.ignored += 1


class Walk:
    """Sources found among ``paths``, in the order found, listed ahead by a thread; counts them into ``progress``."""

    def __init__(self, paths: Iterable[str], progress: Progress) -> None:
        self._paths = paths
        self._progress = progress
        self._found: queue.Queue[Source | BaseException | None] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._walk, name="walk", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()  # a listing that hangs on a dead share is left to the daemon thread

    def __iter__(self) -> Iterator[Source]:
        while (item := self._found.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def _walk(self) -> None:
        try:
            for source in discover(self._paths):
                self._progress.found += 1
                self._put(source)
                if self._stopped.is_set():
                    return
            self._progress.walked = True
            self._put(None)
        except BaseException as error:
            self._put(error)

    def _put(self, item: Source | BaseException | None) -> None:
        while not self._stopped.is_set():
            try:
                self._found.put(item, timeout=1)
                return
            except queue.Full:
                continue

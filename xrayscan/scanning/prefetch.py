"""The walk of a scan in a thread of its own, somewhat ahead of the readers, so that progress knows how much is left."""

import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from xrayscan.observing.progress import Progress
from xrayscan.plugin.sources import discover
from xrayscan.scanning.backlog import Backlog
from xrayscan.sources.shard import WHOLE, Shard
from xrayscan.sources.source import Source

PAUSE = 0.05  # s that whoever draws sources waits for one before it has time for something else


class Prefetcher:
    """Sources found among ``paths``, in the order found, listed ahead by a thread; counts them into ``progress``."""

    def __init__(
        self,
        paths: Iterable[str | Source],
        progress: Progress,
        *,
        archives: bool = True,
        exclude: Iterable[str] = (),
        shard: Shard = WHOLE,
    ) -> None:
        self._paths = paths
        self._archives = archives
        self._exclude = exclude
        self._shard = shard
        self._progress = progress
        self._found = Backlog()
        self._thread = threading.Thread(target=self._walk, name="walk", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._found.stop()  # a listing that hangs on a dead share is left to the daemon thread

    def __iter__(self) -> Iterator[Source | None]:
        """Yield the sources, and None whenever the next one is not there yet."""
        asked = time.monotonic()
        while True:
            ended = self._found.ended
            sources = self._found.take(PAUSE)
            if not sources:
                if ended:
                    return
                self._progress.unanswered = time.monotonic() - asked
                yield None
                continue
            self._progress.unanswered = 0.0
            yield from sources
            asked = time.monotonic()

    def _walk(self) -> None:
        try:
            for source in self._shard.among(discover(self._paths, archives=self._archives, exclude=self._exclude)):
                self._progress.found += 1
                self._found.put(source)
                if self._found.stopped:
                    return
            self._progress.walked = True
            self._found.end()
        except BaseException as error:
            self._found.end(error)

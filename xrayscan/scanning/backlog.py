"""Sources that were found and wait to be read: packed, so that a walk may be far ahead and memory does not grow."""

import pickle
import threading
import zlib
from collections import deque

from xrayscan.sources.source import Source

PACK = 1000  # sources
PACKS = 1000  # that may wait: about 50 bytes a source
LEVEL = 1  # of zlib: names of one folder are alike


class Backlog:
    """First in, first out, from one thread to another: one puts, one takes, either may end it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._packs: deque[bytes] = deque()
        self._last: list[Source] = []  # too few for a pack so far, and taken as they are by whoever waits
        self._error: BaseException | None = None
        self.stopped = self.ended = False

    def put(self, source: Source) -> None:
        """Append a source, once there is room for it or nobody takes any more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._packs) < PACKS or self.stopped)
            self._last.append(source)
            if len(self._last) == PACK:
                self._packs.append(zlib.compress(pickle.dumps(self._last), LEVEL))
                self._last = []
            self._changed.notify()

    def take(self, timeout: float) -> list[Source]:
        """Return the next sources; none if it takes longer than so many seconds, or nothing comes any more.

        Raises: what `end` was told, after the last source.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._packs or self._last or self.ended, timeout)
            if self._packs:
                packed = self._packs.popleft()
                self._changed.notify()
            else:
                sources, self._last = self._last, []
                if not sources and self._error:
                    raise self._error
                return sources
        return list(pickle.loads(zlib.decompress(packed)))

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more is put; what is there can still be taken."""
        with self._changed:
            self._error, self.ended = error, True
            self._changed.notify()

    def stop(self) -> None:
        """Nothing more is taken: whoever puts need not wait."""
        with self._changed:
            self.stopped = True
            self._changed.notify()

"""A file that comes over a network, piece by piece."""

import contextlib
from collections.abc import Callable, Iterator

from xrayscan.errors import Code, DecodeError

ATTEMPTS = 3
BREAKS_OFF = "truncated on its way, and so were further attempts"


class Streamed:
    """One file as it comes. A body that breaks off is asked for anew, from its beginning.

    ``get`` asks for it, and returns its size in bytes, as announced, and an iterator of its bytes.
    Raises: what ``get`` raises.
    """

    def __init__(self, get: Callable[[], tuple[int, Iterator[bytes]]]) -> None:
        self._get = get
        self._begin()

    def head(self, count: int) -> bytes:
        """The first bytes."""
        self._have(count)
        return self._content[:count]

    def whole(self) -> bytes:
        """All bytes that were announced. Raises: DecodeError where they do not come."""
        self._have(self.size)
        return self._content

    def _begin(self) -> None:
        self.size, self._pieces = self._get()
        self._content = b""

    def _have(self, count: int) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                self._begin()
            with contextlib.suppress(Exception):  # whatever a client calls a lost connection
                self._read(min(count, self.size))
            if len(self._content) >= min(count, self.size):
                return
        raise DecodeError(Code.TRUNCATED, BREAKS_OFF)

    def _read(self, count: int) -> None:
        parts, length = [self._content], len(self._content)
        try:
            while length < count and (piece := next(self._pieces, b"")):
                parts.append(piece)
                length += len(piece)
        finally:
            self._content = b"".join(parts)

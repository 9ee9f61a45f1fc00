"""What a place that holds images gives: sources, and the bytes of each.

A place lists what it holds as `Source`, and opens a file by nothing but the path that the source has, so that whatever
reads it again later (a heatmap, ``show``, training) needs no more than a record says. Folders and archives do so.
"""

from typing import Protocol


class Opened(Protocol):
    """A file whose bytes can be read. Both methods raise DecodeError with a reason that names no path."""

    @property
    def size(self) -> int:
        """Bytes, as the place says; never are more read."""
        ...

    def head(self, count: int) -> bytes:
        """Return the first bytes without reading the rest."""
        ...

    def whole(self) -> bytes:
        """Return all bytes, checked against the checksum where the place keeps one."""
        ...

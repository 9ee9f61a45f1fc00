"""Standard streams that never fail: hours of work do not end because nobody listens any more, or for a letter."""

import contextlib
import io
import os
import sys
from typing import Any, TextIO


class Forgiving:
    """A text stream of which writes are dropped where they cannot be made: a terminal that is gone, a full disk."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write if it can be; returns how many characters were given."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if it can be."""
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def mend_streams() -> None:
    """Lead the standard streams that are closed nowhere, and let no name end a command.

    A file opened later would take the place of a closed stream. A stream's own encoding, such as an old locale's, has
    not every letter: those it lacks become escapes.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = _telling(sys.stdout, 1)
    sys.stderr = Forgiving(_telling(sys.stderr, 2))


def _telling(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is None:
        return os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    return stream

"""Standard error that never fails: hours of work do not end because nobody listens any more."""

import contextlib
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

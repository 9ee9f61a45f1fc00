"""Files that are complete or not there."""

import contextlib
import os
from collections.abc import Iterator
from typing import TextIO

from xrayscan.errors import OutputError
from xrayscan.files.text import encodable


@contextlib.contextmanager
def atomic_writer(path: str) -> Iterator[TextIO]:
    """Open a UTF-8 text file that takes its name, and any older file's place, once it is written whole.

    Line ends are written as they are given. What a killed process leaves behind has the one name ``path.part``, and
    the next writer replaces it. Raises: OutputError that names the path.
    """
    part = f"{path}.part"
    try:
        _unlink(part)
        with open(part, "x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"{encodable(path)} cannot be written ({why}): give another --out") from error
    finally:
        with contextlib.suppress(OSError):
            _unlink(part)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)

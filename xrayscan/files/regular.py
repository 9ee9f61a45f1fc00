"""Regular files alone are opened: no pipe that waits for a writer, no device that never ends."""

import errno
import os
import stat


def open_regular(path: str, flags: int = os.O_RDONLY) -> int:
    """Open a regular file, links followed; an opener for ``open``. Raises: OSError for anything else, unopened."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no regular file", path)
    return descriptor


def read_regular(path: str) -> bytes:
    """Read a regular file whole. Raises: OSError."""
    with open(path, "rb", opener=open_regular) as file:
        return file.read()

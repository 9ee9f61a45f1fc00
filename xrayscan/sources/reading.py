"""Bytes of one regular file; opening it neither blocks nor has an effect."""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Callable, Iterator

from xrayscan.errors import DecodeError
from xrayscan.outcome import Code

MAX_FILE_BYTES = 1 << 30  # the largest radiographs are some 100 MB; beyond 1 GiB it is an archive or a video
HEAD_BYTES = 4096  # enough for every signature, the DICOM preamble (132 bytes) and the first elements


def read_file(path: str, head_ok: Callable[[bytes], None] | None = None) -> bytes:
    """Read one regular file whole. Anything else is refused; opening it neither blocks nor has an effect.

    ``head_ok`` sees the first 4,096 bytes before the rest is read, and refuses the file by raising DecodeError.
    Raises: DecodeError with the reason, which names no path.
    """
    with _opened(path) as file:
        if head_ok is not None:
            head_ok(file.read(HEAD_BYTES) or b"")
            file.seek(0)
        if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
            raise DecodeError(Code.FILE_TOO_LARGE, "larger than 1 GiB")
        return file.readall() or b""


def read_head(path: str) -> bytes:
    """Read the first 4,096 bytes of a regular file. Raises: DecodeError as ``read_file`` does."""
    with _opened(path) as file:
        return file.read(HEAD_BYTES) or b""


@contextlib.contextmanager
def _opened(path: str) -> Iterator[io.FileIO]:
    try:
        with io.FileIO(path, opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DecodeError(Code.NOT_A_FILE, "not a regular file")
            yield file
    except OSError as error:
        raise DecodeError(code_of(error), why(error)) from error
    except MemoryError as error:
        raise DecodeError(Code.MEMORY, "too large for the memory of this machine") from error


def code_of(error: OSError) -> Code:
    """Return the code of what the system says about a path."""
    return _CODES.get(error.errno or 0, Code.UNREADABLE)


def why(error: OSError) -> str:
    """Return the system's phrase alone: str(error) would repeat the path."""
    return os.strerror(error.errno) if error.errno else "unreadable"


_CODES = {
    errno.ENOENT: Code.NOT_FOUND,
    errno.ENOTDIR: Code.NOT_FOUND,
    errno.EACCES: Code.NOT_PERMITTED,
    errno.EPERM: Code.NOT_PERMITTED,
    errno.EISDIR: Code.NOT_A_FILE,
    errno.ELOOP: Code.BROKEN_LINK,
}

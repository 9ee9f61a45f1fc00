"""Bytes of one regular file; opening it neither blocks nor has an effect."""

import contextlib
import errno
import io
import os
import stat
import time
from collections.abc import Callable, Iterator

from xrayscan.errors import DecodeError
from xrayscan.outcome import Code
from xrayscan.sources.source import identity

ATTEMPTS = 3  # to read a file that changes while it is read
TICK_NS = 10_000_000  # of the clock that stamps files: at most a jiffy of Linux at 100 Hz
CHANGING = "the file keeps changing while it is read"
MAX_FILE_BYTES = 512_000_000  # the largest radiographs are some 100 MB; beyond it is an archive or a video
HEAD_BYTES = 4096  # enough for every signature, the DICOM preamble (132 bytes) and the first elements


def read_file(path: str, head_ok: Callable[[bytes], None] | None = None, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read one regular file whole. Anything else is refused; opening it neither blocks nor has an effect.

    ``head_ok`` sees the first 4,096 bytes before the rest is read, and refuses the file by raising DecodeError. A file
    that changes meanwhile is read again, a few times. One of more than ``max_bytes`` is not read, however little of it
    is on the disk.
    Raises: DecodeError with the reason, which names no path.
    """
    for _ in range(ATTEMPTS):
        with _opened(path) as file:
            before = _settled(file.fileno())
            if head_ok is not None:
                head_ok(file.read(HEAD_BYTES) or b"")
                file.seek(0)
            if before.st_size > max_bytes:
                raise DecodeError(Code.FILE_TOO_LARGE, f"larger than {max_bytes / 1e6:,.0f} MB (--max-file-size)")
            data = _read(file, before.st_size)
            if len(data) == before.st_size and identity(os.fstat(file.fileno())) == identity(before):
                return data
    raise DecodeError(Code.CHANGED, CHANGING)


def _read(file: io.FileIO, size: int) -> bytes:
    """Read ``size`` bytes, and one more of a file that grew: never without end."""
    data = file.read(size + 1) or b""
    while len(data) <= size and (more := file.read(size + 1 - len(data))):  # a short read, as on a share
        data += more
    return data


def _settled(descriptor: int) -> os.stat_result:
    """What a file is known by, once the clock that stamps files has moved on since its last change.

    Two changes within one tick leave the same time behind: read between them, the second would never be seen.
    """
    status = os.fstat(descriptor)
    if 0 <= time.time_ns() - status.st_ctime_ns < TICK_NS:
        time.sleep(TICK_NS / 1e9)
    return os.fstat(descriptor)


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

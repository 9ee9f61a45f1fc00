"""Bytes of one file, wherever it lies."""

import contextlib
import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.address import split
from xrayscan.sources.archive_file import open_member
from xrayscan.sources.blob import ChangedError
from xrayscan.sources.interface import Place
from xrayscan.sources.local import LOCAL_FILES
from xrayscan.sources.system_error import code_of, why

ATTEMPTS = 3  # to read a file that changes while it is read
MAX_FILE_BYTES = 512_000_000  # the largest radiographs are some 100 MB; beyond it is an archive or a video
HEAD_BYTES = 4096  # enough for every signature, the DICOM preamble (132 bytes) and the first elements

Asked = ParamSpec("Asked")
Read = TypeVar("Read")


def _or_why_not(read: Callable[Asked, Read]) -> Callable[Asked, Read]:
    """Turn what the system raises into a DecodeError with the reason."""

    @functools.wraps(read)
    def reading(*args: Asked.args, **options: Asked.kwargs) -> Read:
        try:
            return read(*args, **options)
        except OSError as error:
            raise DecodeError(code_of(error), why(error)) from error
        except MemoryError as error:
            raise DecodeError(Code.MEMORY, "too large for the memory of this machine") from error

    return reading


def read_file(
    path: str,
    head_ok: Callable[[bytes], None] | None = None,
    *,
    max_bytes: int = MAX_FILE_BYTES,
    place: Place = LOCAL_FILES,
) -> bytes:
    """Read one regular file whole, also one within an archive (``ward.zip!/a.dcm``). Anything else is refused.

    ``head_ok`` sees the first 4,096 bytes before the rest is read, and refuses the file by raising DecodeError. A file
    that changes meanwhile is read again, a few times. One of more than ``max_bytes`` is not read, however little of it
    is on the disk; nor is one of which fewer bytes come than its ``place`` announced.
    Raises: DecodeError with the reason, which names no path.
    """
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(ChangedError):
            return _whole(path, head_ok, max_bytes, place)
    return _whole(path, head_ok, max_bytes, place)


@_or_why_not
def _whole(path: str, head_ok: Callable[[bytes], None] | None, max_bytes: int, place: Place) -> bytes:
    file = place.open(path)
    if head_ok is not None:
        head_ok(file.head(HEAD_BYTES))
    if file.size > max_bytes:
        raise DecodeError(Code.FILE_TOO_LARGE, f"larger than {max_bytes / 1e6:,.0f} MB (--max-file-size)")
    data = file.whole()
    if len(data) != file.size:
        raise DecodeError(Code.TRUNCATED, "truncated on its way: its length is not the one announced")
    return data


@_or_why_not
def read_head(path: str, *, place: Place = LOCAL_FILES) -> bytes:
    """Read the first 4,096 bytes of a regular file. Raises: DecodeError as ``read_file`` does."""
    return place.open(path).head(HEAD_BYTES)


def exists(path: str) -> bool:
    """Whether there is a file under this path, in a folder or within an archive, readable or not."""
    inside = split(path)
    if inside is None:
        return os.path.exists(path)
    try:
        open_member(*inside)
    except (OSError, DecodeError):
        return False
    return True

"""Paths from a list, as other programs write it."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

PATH_BYTES = 4096  # PATH_MAX of Linux: a NUL-separated list holds its first NUL within so many bytes


def read_list(stream: BinaryIO) -> Iterator[str]:
    """Read path names, as they arrive, from a list separated by NUL bytes or else by newlines (also CRLF).

    Empty names are skipped. Newline-separated lists may start with a UTF-8 byte order mark.
    """
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)  # read1 returns what a pipe holds by now
    buffer = b""
    while len(buffer) <= PATH_BYTES and b"\0" not in buffer and (chunk := read(1 << 16)):
        buffer += chunk
    separator = b"\0" if b"\0" in buffer else b"\n"
    if separator == b"\n":
        buffer = buffer.removeprefix(b"\xef\xbb\xbf")
    while chunk := read(1 << 16):
        *names, rest = buffer.split(separator)
        yield from _names(names, separator)
        buffer = rest + chunk
    yield from _names(buffer.split(separator), separator)


def fingerprint(paths: Iterable[str]) -> str:
    """Equal for the same paths, whatever their order and however they are written: SHA-256 in hexadecimal."""
    absolute = sorted({os.fsencode(os.path.abspath(path)) for path in paths})
    return hashlib.sha256(b"\0".join(absolute)).hexdigest()


def _names(names: Iterable[bytes], separator: bytes) -> Iterator[str]:
    for name in names:
        if cleaned := name.removesuffix(b"\r") if separator == b"\n" else name:
            yield os.fsdecode(cleaned)

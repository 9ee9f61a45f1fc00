"""One crafted file and how it must end."""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xrayscan.errors import Code

BROKEN = (Code.TRUNCATED, Code.DAMAGED)  # which of the two is not promised


@dataclass(frozen=True)
class Fault:
    """``codes``: one of them is the record's; none at all: the file is sound, and read."""

    name: str
    data: bytes
    codes: tuple[Code, ...] = ()


def sound(name: str, data: bytes) -> Fault:
    """A file that looks odd and is read: scored, unless it is too small to be judged."""
    return Fault(name, data)


def broken(name: str, data: bytes, *codes: Code) -> Fault:
    """A file that cannot be read."""
    return Fault(name, data, codes or BROKEN)


def cuts(name: str, data: bytes, shares: Sequence[float], end: bytes = b"") -> list[Fault]:
    """The file cut at these shares of its length."""
    stem, _, extension = name.rpartition(".")
    return [broken(f"{stem}-{share}.{extension}", data[: int(len(data) * share)] + end) for share in shares]


def holes(name: str, data: bytes, make: Callable[[int], bytes] = bytes, size: int = 600) -> list[Fault]:
    """The file with a hole in its middle, and one a little behind."""
    stem, _, extension = name.rpartition(".")
    places = (len(data) // 2, len(data) * 2 // 3)
    return [
        broken(f"{stem}-{n}.{extension}", data[:at] + make(size) + data[at + size :]) for n, at in enumerate(places)
    ]


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(
    columns: int, rows: int, depth: int, colour: int, stream: bytes, *, before: bytes = b"", interlaced: int = 0
) -> bytes:
    """A PNG of any header, with any compressed stream, and chunks ``before`` it."""
    head = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + before + chunk(b"IDAT", stream) + chunk(b"IEND", b"")

"""What a JPEG 2000 codestream says of itself, and whether it has the size it should, in pixels and in bytes.

OpenJPEG refuses a tile-part cut short, but lets the last few bytes pass. Source: ITU-T T.800 (JPEG 2000 part 1)
annex A: markers (A.2), SOC, SIZ … (A.4, A.5), SOT with its length Psot (A.4.2), EOC (A.4.4).
"""

import struct
from dataclasses import dataclass

_SOC, _SIZ, _SOT, _EOC = b"\xff\x4f", b"\xff\x51", b"\xff\x90", b"\xff\xd9"
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "
_JP2_CODESTREAM = b"jp2c"


@dataclass(frozen=True, slots=True)
class Header:
    """What the SIZ segment says; the depth is that of the first component."""

    rows: int
    columns: int
    components: int
    precision: int  # bits
    is_signed: bool


def read_header(stream: bytes) -> Header | None:
    """Read the SIZ segment that opens a codestream; None if this is none, or it is cut."""
    at = _start(stream)
    if stream[at : at + 2] != _SOC or stream[at + 2 : at + 4] != _SIZ or len(stream) < at + 43:
        return None
    right, lower, left, upper = struct.unpack_from(">IIII", stream, at + 8)
    (components,) = struct.unpack_from(">H", stream, at + 40)
    depth = stream[at + 42]
    return Header(lower - upper, right - left, components, (depth & 0x7F) + 1, bool(depth >> 7))


def begins(stream: bytes) -> bool:
    """Whether a codestream, or a JP2 wrapper of one, begins here."""
    return stream.startswith((_SOC + _SIZ, _JP2_SIGNATURE))


def is_complete(stream: bytes) -> bool:
    """Whether the tile-parts lead exactly to the end marker; a JP2 wrapper, which some writers leave on, is skipped."""
    at = _start(stream)
    if stream[at : at + 2] != _SOC:
        return False
    at += 2
    while stream[at : at + 1] == b"\xff" and stream[at : at + 2] not in (_SOT, _EOC):  # the main header
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    while stream[at : at + 2] == _SOT:
        length = int.from_bytes(stream[at + 6 : at + 10], "big")
        if length == 0:  # the last tile-part, up to the end marker: OpenJPEG decides
            return stream.rfind(_EOC) > at
        at += max(length, 12)
    return stream[at : at + 2] == _EOC


def _start(stream: bytes) -> int:
    return stream.find(_JP2_CODESTREAM) + 4 if stream.startswith(_JP2_SIGNATURE) else 0

"""What kind of compressed frame a DICOM object holds: told by its first bytes, not by the transfer syntax."""

import struct
from dataclasses import dataclass
from enum import StrEnum

from xrayscan.decode.dicom import j2k_stream
from xrayscan.decode.jpeg.stream import Stream, read_stream
from xrayscan.errors import Code, DecodeError

_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


class Kind(StrEnum):
    """A way to compress pixels, as the record's format calls it."""

    NATIVE = ""
    RLE = "RLE"
    JPEG = "JPEG"  # DCT, 8 bits: decoded by libjpeg-turbo
    JPEG_12 = "JPEG extended"
    JPEG_LOSSLESS = "JPEG lossless"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"


@dataclass(frozen=True, slots=True)
class Codestream:
    """One compressed frame with what its own header says; 0 where it says nothing, as RLE does."""

    kind: Kind
    data: bytes
    rows: int = 0
    columns: int = 0
    components: int = 0
    precision: int = 0  # bits
    allocated: int = 0  # bits, where no precision is told: RLE has a segment per byte
    is_signed: bool | None = None
    jpeg: Stream | None = None


def is_encapsulated(value: bytes) -> bool:
    """Whether pixel data begin with an item, as fragments do (PS3.5 section A.4)."""
    return value.startswith(_ITEM)


def read_codestream(value: bytes) -> Codestream:
    """Read the header of the frame in encapsulated pixel data, or of one that stands there by itself.

    Raises: DecodeError if it is cut or of no known kind.
    """
    data = value if begins_frame(value) else _frame(value)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(read_stream(data))
    if j2k := j2k_stream.read_header(data):
        return Codestream(
            Kind.JPEG_2000, data, j2k.rows, j2k.columns, j2k.components, j2k.precision, is_signed=j2k.is_signed
        )
    if segments := _rle_segments(data):
        components = 1 if segments % 3 else 3
        return Codestream(Kind.RLE, data, components=components, allocated=8 * segments // components)
    raise DecodeError(Code.DAMAGED, "truncated or damaged DICOM pixel data")


def _jpeg(stream: Stream) -> Codestream:
    frame = stream.frame
    if stream.is_jpeg_ls:
        kind = Kind.JPEG_LS
    elif stream.is_lossless:
        kind = Kind.JPEG_LOSSLESS
    else:
        kind = Kind.JPEG if frame.precision == 8 else Kind.JPEG_12
    return Codestream(kind, stream.data, *frame.size, frame.components, frame.precision, jpeg=stream)


def _rle_segments(data: bytes) -> int:
    """Count the segments, one per byte of a pixel; 0 if no RLE header stands here (PS3.5 annex G)."""
    if len(data) < 64:
        return 0
    count, first = struct.unpack_from("<II", data)
    return count if 1 <= count <= 15 and first == 64 else 0


def _frame(value: bytes) -> bytes:
    """Join the fragments behind the offset table, whose entries are wrong or missing in many files (PS3.5 A.4).

    Raises: DecodeError if a fragment reaches beyond the end, or there is more than one frame.
    """
    fragments, at = [], 0
    while at + 8 <= len(value) and value[at : at + 4] == _ITEM:
        end = at + 8 + int.from_bytes(value[at + 4 : at + 8], "little")
        fragments.append(value[at + 8 : end])
        at = end
    if fragments and not begins_frame(fragments[0]):
        del fragments[0]
    if at > len(value) or not fragments or value[at : at + 4] not in (b"", _SEQUENCE_END):
        raise DecodeError(Code.TRUNCATED, "truncated DICOM: pixel data end early")
    if any(map(begins_frame, fragments[1:])):
        raise DecodeError(Code.MULTI_FRAME, "multi-frame object: export single frames")
    return b"".join(fragments)


def begins_frame(fragment: bytes) -> bool:
    """Whether a codestream begins here: no data within one, and no offset table, look so."""
    return fragment.startswith(b"\xff\xd8\xff") or j2k_stream.begins(fragment) or _rle_segments(fragment) > 0

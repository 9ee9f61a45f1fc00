"""PNG files → brightness. The stream is inflated and measured first: Pillow gives half a picture without an error.

Pillow then reads the inflated rows from a stream of stored blocks, so that checking costs no second inflation.
"""

import dataclasses
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from xrayscan.decode.deep_colour import deep_colour, grey_plane
from xrayscan.decode.flags import Flag
from xrayscan.decode.grey import check_surplus, is_constant, radiograph_of
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type → samples per pixel
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Adam7: first row, first column, row step, column step of each pass. PNG (3rd edition) section 8.1.
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6  # colour types
_COLOURS = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}  # colour type → entries of sBIT that are not alpha
_KEPT_BYTES = 64 << 20  # of inflated rows; larger pictures are inflated twice rather than kept twice
_PIECE, _INFLATED = 1 << 16, 1 << 22  # bytes that are inflated at once, and what they may become
_NEEDED = frozenset((b"IHDR", b"PLTE", b"eXIf"))  # transparency is left out on purpose, see decode_png


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    body: bytes


def decode_png(data: bytes, limits: Limits) -> Radiograph:
    """Read one PNG file: grey or colour, 1 to 16 bit, palette, interlaced.

    Transparency is ignored, not blended with black: a film has no page behind it, and writers that leave the alpha
    channel at zero would lose it.
    Returns: brightness float32 (H, W), no unit, in [0, 1], scaled as :func:`xrayscan.decode.grey.radiograph_of` says,
    by the bits that an sBIT chunk names where there is one.
    Raises: DecodeError for a stream that is cut, fails its checksums or holds fewer rows than its header promises,
    for an animation and for several pictures.
    Source: PNG specification, 3rd edition, sections 5 (chunks), 8 (interlacing), 10 (compression), 11.3.2.7 (sBIT).
    """
    chunks = _chunks(data)
    if chunks[0].kind == b"CgBI":
        raise DecodeError(Code.UNSUPPORTED_ENCODING, "PNG as Apple's devices pack it is not supported: convert it")
    if [chunk.kind for chunk in chunks].count(b"IHDR") != 1 or chunks[0].kind != b"IHDR" or len(chunks[0].body) != 13:
        raise DecodeError(Code.DAMAGED, "damaged PNG")
    bodies = {chunk.kind: chunk.body for chunk in chunks}
    if b"acTL" in bodies:
        raise DecodeError(Code.MULTI_PAGE, "animated PNG: export single frames")
    columns, rows, depth, colour = struct.unpack(">IIBB", chunks[0].body[:10])
    limits.check_size(rows, columns)
    length = _stream_length(chunks[0].body)
    limits.check_inflated(length)
    stream = b"".join(chunk.body for chunk in chunks if chunk.kind == b"IDAT")
    kept = [chunk for chunk in chunks if chunk.kind in _NEEDED]
    if depth == 16 and colour == _GREY_ALPHA:  # Pillow would drop the lower halves; four bytes a pixel are RGBA too
        kept[0] = _Chunk(b"IHDR", chunks[0].body[:8] + bytes((8, _RGBA)) + chunks[0].body[10:])
    if colour == _PALETTE and _is_one_colour(bodies.get(b"PLTE", b"")):
        kept += [chunk for chunk in chunks if chunk.kind == b"tRNS"]
    stored = [*kept, _Chunk(b"IDAT", _verified(stream, length)), _Chunk(b"IEND", b"")]
    written = data[:8] + b"".join(map(_written, stored))

    def opened() -> Image.Image:
        return Image.open(io.BytesIO(written), formats=["PNG"])

    significant = max(bodies.get(b"sBIT", b"")[: _COLOURS[colour]], default=0)
    if depth == 16 and colour in (_RGB, _RGBA):
        return deep_colour(opened, "PNG", limits, significant)
    with opened() as image:
        return _radiograph(image, depth, colour, significant, limits)


def _radiograph(image: Image.Image, depth: int, colour: int, significant: int, limits: Limits) -> Radiograph:
    used = significant if colour in (_GREY, _GREY_ALPHA) else 0
    if depth < 16 or colour != _GREY_ALPHA:
        return radiograph_of(image, "PNG", limits, bits=depth, used=used)
    grey, alpha = np.moveaxis(np.asarray(image).view(">u2"), -1, 0)
    is_alpha = is_constant(grey)
    radiograph = grey_plane(alpha if is_alpha else grey, image, "PNG", limits, used)
    return dataclasses.replace(radiograph, flags=(*radiograph.flags, Flag.ALPHA)) if is_alpha else radiograph


def _is_one_colour(palette: bytes) -> bool:
    colours = np.frombuffer(palette, np.uint8, len(palette) // 3 * 3).reshape(-1, 3)
    return bool(len(colours)) and all(map(is_constant, colours.T))


def _chunks(data: bytes) -> list[_Chunk]:
    """Return the chunks up to IEND. Raises: DecodeError if one is cut off or fails its checksum, or a PNG follows."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise DecodeError(Code.DAMAGED, "damaged PNG")
        chunks.append(_Chunk(kind, data[at + 8 : end]))
        if kind == b"IEND":
            if data.startswith(data[:8], end + 4):
                raise DecodeError(Code.MULTI_PAGE, "several pictures in one PNG: save them as single files")
            return chunks
        at = end + 4
    raise DecodeError(Code.TRUNCATED, "truncated PNG")


def _stream_length(header: bytes) -> int:
    """Return how many bytes all rows have once inflated, each with its filter byte."""
    columns, rows, depth, colour, _compression, _filter, interlaced = struct.unpack(">IIBBBBB", header)
    if depth not in _DEPTHS.get(colour, ()) or interlaced > 1:
        raise DecodeError(Code.DAMAGED, "damaged PNG")
    bits = depth * _SAMPLES[colour]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for row, column, row_step, column_step in passes:
        pass_rows, pass_columns = -(-(rows - row) // row_step), -(-(columns - column) // column_step)
        if pass_rows > 0 and pass_columns > 0:
            total += pass_rows * (1 + -(-pass_columns * bits // 8))
    return total


def _verified(compressed: bytes, length: int) -> bytes:
    """Return a zlib stream of the rows that is known to be whole, without compression unless they are many.

    Raises: DecodeError if the stream is cut, damaged, or holds less or a quarter more than ``length`` bytes.
    """
    inflater, kept, inflated = zlib.decompressobj(), [], 0
    view = memoryview(compressed)
    try:
        for piece in _pieces(inflater, view):
            inflated += len(piece)
            if length <= _KEPT_BYTES:
                kept.append(piece)
            if inflated > 2 * length + _INFLATED:  # a bomb
                raise DecodeError(Code.DAMAGED, "damaged PNG")
    except zlib.error:
        raise DecodeError(Code.DAMAGED, "damaged PNG") from None
    if inflated < length or not inflater.eof:
        raise DecodeError(Code.TRUNCATED, "truncated PNG")
    check_surplus(inflated, length, "PNG")  # a few rows are dropped
    return zlib.compress(b"".join(kept)[:length], 0) if kept else compressed


def _pieces(inflater: "zlib._Decompress", compressed: memoryview) -> Iterator[bytes]:
    for at in range(0, len(compressed), _PIECE):
        rest: bytes | memoryview = compressed[at : at + _PIECE]
        while rest:
            yield inflater.decompress(rest, _INFLATED)
            rest = inflater.unconsumed_tail


def _written(chunk: _Chunk) -> bytes:
    tail = chunk.kind + chunk.body
    return struct.pack(">I", len(chunk.body)) + tail + struct.pack(">I", zlib.crc32(tail))

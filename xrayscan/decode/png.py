"""PNG files → brightness. The stream is inflated and measured first: Pillow gives half a picture without an error.

Pillow then reads the inflated rows from a stream of stored blocks, so that checking costs no second inflation.
"""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image

from xrayscan.decode.limits import check_size
from xrayscan.decode.radiograph import Radiograph
from xrayscan.decode.raster import radiograph_of
from xrayscan.errors import DecodeError

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type → samples per pixel
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Adam7: first row, first column, row step, column step of each pass. PNG (3rd edition) section 8.1.
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
_NEEDED = frozenset((b"IHDR", b"PLTE", b"eXIf"))  # transparency is left out on purpose, see decode_png


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    body: bytes


def decode_png(data: bytes) -> Radiograph:
    """Read one PNG file: grey or colour, 1 to 16 bit, palette, interlaced.

    Transparency is ignored, not blended with black: a film has no page behind it, and writers that leave the alpha
    channel at zero would lose it. 16-bit colour is read at 8 bits, as Pillow does.
    Returns: brightness float32 (H, W), no unit, in [0, 1], scaled as :func:`raster.radiograph_of` says.
    Raises: DecodeError for a stream that is cut, fails its checksums or holds fewer rows than its header promises,
    and for an animation.
    Source: PNG specification, 3rd edition, sections 5 (chunks), 8 (interlacing), 10 (compression).
    """
    chunks = _chunks(data)
    if chunks[0].kind != b"IHDR" or len(chunks[0].body) != 13:
        raise DecodeError("damaged PNG")
    if any(chunk.kind == b"acTL" for chunk in chunks):
        raise DecodeError("animated PNG: export single frames")
    rows = _inflated(b"".join(chunk.body for chunk in chunks if chunk.kind == b"IDAT"), _stream_length(chunks[0].body))
    kept = [chunk for chunk in chunks if chunk.kind in _NEEDED]
    stored = [*kept, _Chunk(b"IDAT", zlib.compress(rows, 0)), _Chunk(b"IEND", b"")]
    with Image.open(io.BytesIO(data[:8] + b"".join(map(_written, stored))), formats=["PNG"]) as image:
        return radiograph_of(image, "PNG")


def _chunks(data: bytes) -> list[_Chunk]:
    """Return the chunks up to IEND. Raises: DecodeError if one is cut off or fails its checksum."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise DecodeError("damaged PNG")
        chunks.append(_Chunk(kind, data[at + 8 : end]))
        if kind == b"IEND":
            return chunks
        at = end + 4
    raise DecodeError("truncated PNG")


def _stream_length(header: bytes) -> int:
    """Return how many bytes all rows have once inflated, each with its filter byte."""
    columns, rows, depth, colour, _compression, _filter, interlaced = struct.unpack(">IIBBBBB", header)
    check_size(rows, columns)
    if depth not in _DEPTHS.get(colour, ()) or interlaced > 1:
        raise DecodeError("damaged PNG")
    bits = depth * _SAMPLES[colour]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for row, column, row_step, column_step in passes:
        pass_rows, pass_columns = -(-(rows - row) // row_step), -(-(columns - column) // column_step)
        if pass_rows > 0 and pass_columns > 0:
            total += pass_rows * (1 + -(-pass_columns * bits // 8))
    return total


def _inflated(compressed: bytes, length: int) -> bytes:
    """Inflate to exactly ``length`` bytes. Raises: DecodeError if the stream is cut, damaged, or holds less."""
    inflater = zlib.decompressobj()
    try:
        rows = inflater.decompress(compressed, length)
        while len(rows) == length and not inflater.eof:  # read the checksum at its end; drop surplus rows
            surplus = inflater.decompress(inflater.unconsumed_tail, 65536)
            if not surplus and not inflater.eof:
                break
    except zlib.error:
        raise DecodeError("damaged PNG") from None
    if len(rows) < length or not inflater.eof:
        raise DecodeError("truncated PNG")
    return rows


def _written(chunk: _Chunk) -> bytes:
    tail = chunk.kind + chunk.body
    return struct.pack(">I", len(chunk.body)) + tail + struct.pack(">I", zlib.crc32(tail))

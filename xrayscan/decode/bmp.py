"""Uncompressed BMP files → brightness through Pillow."""

import io
import struct

from PIL import Image

from xrayscan.decode.grey import check_surplus, radiograph_of
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError

_UNCOMPRESSED = (0, 3, 6)  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS
_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
_MAY_HOLD_PROFILE = 124  # behind the rows


def is_bmp(head: bytes) -> bool:
    """Two letters are too few to go by: the reserved bytes are zero and the header size is one of those defined."""
    size = int.from_bytes(head[14:18], "little")
    return head[:2] == b"BM" and head[6:10] == bytes(4) and size in _HEADER_SIZES


def decode_bmp(data: bytes, limits: Limits) -> Radiograph:
    """Read one uncompressed BMP file.

    Returns: brightness as :func:`xrayscan.decode.grey.radiograph_of` says.
    Raises: DecodeError for a file shorter or much longer than its rows, and for run-length compression, whose end
    cannot be told.
    Source: Microsoft, BITMAPINFOHEADER and BITMAPCOREHEADER.
    """
    start, header = struct.unpack_from("<I", data, 10)[0], struct.unpack_from("<I", data, 14)[0]
    if header == 12:
        columns, rows, _planes, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        columns, rows, _planes, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        if compression not in _UNCOMPRESSED:
            raise DecodeError(Code.UNSUPPORTED_ENCODING, "compressed BMP is not supported: convert it to PNG")
    limits.check_size(abs(rows), columns)
    length = abs(rows) * (-(-columns * bits // 32) * 4)
    if start + length > len(data):
        raise DecodeError(Code.TRUNCATED, "truncated BMP")
    if header != _MAY_HOLD_PROFILE:
        check_surplus(len(data[start:].rstrip(b"\0")), length, "BMP")
    with Image.open(io.BytesIO(data), formats=["BMP"]) as image:
        return radiograph_of(image, "BMP", limits)

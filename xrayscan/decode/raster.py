"""TIFF and BMP files → brightness through Pillow, and the rules of grey that they share with PNG."""

import io
import struct
import warnings

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageOps

from xrayscan.decode.codec_stderr import captured_stderr
from xrayscan.decode.limits import check_size
from xrayscan.decode.radiograph import Radiograph
from xrayscan.errors import DecodeError
from xrayscan.store.record import Facts

_EIGHT_BIT = frozenset(("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV"))
# TIFF 6.0 tags
_COMPRESSION, _PHOTOMETRIC, _JPEG_TABLES = 259, 262, 347
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets and byte counts
_NO_COMPRESSION, _JPEG = 1, 7
_CHECKED_BY_LIBTIFF = (5, 8, 32773, 32946)  # LZW, deflate, PackBits: a short strip is an error there
_UNCOMPRESSED_BMP = (0, 3, 6)  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS


def radiograph_of(image: Image.Image, format_name: str, *, white_is_zero: bool = False) -> Radiograph:
    """Turn an opened Pillow image upright and into brightness.

    8 bits are divided by 255, after ITU-R BT.601 luma for colour (Pillow's "L"); transparency is ignored. 16 bits are
    divided by 65535, or by 4095 where no value exceeds that: detectors give 12 bits, which many converters store in
    16 without scaling. ``white_is_zero``: the 16-bit values count darkness (TIFF), which Pillow leaves as it is.
    Returns: brightness float32 (H, W), no unit, in [0, 1]. Raises: DecodeError for other depths and several pages.
    """
    check_size(image.height, image.width)
    if getattr(image, "n_frames", 1) > 1:
        raise DecodeError(f"multi-page {format_name}: export single pages")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata and large pictures; neither is used or a risk below the limit
        upright = ImageOps.exif_transpose(image)
    if upright.mode in _EIGHT_BIT:
        brightness = np.multiply(np.asarray(upright.convert("L")), np.float32(1 / 255), dtype=np.float32)
    elif upright.mode.startswith("I;16"):
        brightness = _from_16_bits(np.asarray(upright), white_is_zero)
    else:
        raise DecodeError(f"{format_name} with 32-bit or floating-point values: convert it to 16 bits")
    facts = Facts(format=format_name, rows=upright.height, columns=upright.width)
    return Radiograph(brightness, facts)


def _from_16_bits(values: npt.NDArray[np.integer], white_is_zero: bool) -> npt.NDArray[np.float32]:
    highest = 4095 if int(values.max()) <= 4095 else 65535
    scaled = np.multiply(values, np.float32(1 / highest), dtype=np.float32)
    return np.asarray(1 - scaled, np.float32) if white_is_zero else scaled


def decode_tiff(data: bytes) -> Radiograph:
    """Read one TIFF file: 1 to 8 bit, 16-bit unsigned grey, RGB, palette; raw, LZW, deflate, PackBits or JPEG.

    Returns: brightness as :func:`radiograph_of` says.
    Raises: DecodeError for several pages, strips that lie beyond the end of the file or hold less than they should,
    fax compression, floating-point and signed values.
    Source: TIFF 6.0, sections 3 (bilevel), 7 (strips), 15 (tiles); Technical Note 2 (JPEG).
    """
    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of truncated directories, then raises where it matters
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
            check_size(image.height, image.width)
            tags = dict(getattr(image, "tag_v2", {}))
            _check_strips(data, tags, image.height * _row_bytes(image))
            white_is_zero = tags.get(_PHOTOMETRIC) == 0
            try:
                return radiograph_of(image, "TIFF", white_is_zero=white_is_zero)
            except OSError:
                raise DecodeError("truncated or damaged TIFF") from None


def _row_bytes(image: Image.Image) -> int:
    bits = image.tag_v2.get(258, (1,)) if hasattr(image, "tag_v2") else (8,)
    return -(-image.width * sum(bits) // 8) if len(bits) > 1 else -(-image.width * bits[0] // 8)


def _check_strips(data: bytes, tags: dict[int, object], raw_length: int) -> None:
    """Raise DecodeError unless every strip or tile lies inside the file and, as far as can be told, is complete."""
    offsets_tag, counts_tag = _TILES if _TILES[0] in tags else _STRIPS
    offsets, counts = tags.get(offsets_tag), tags.get(counts_tag)
    if not isinstance(offsets, tuple) or not isinstance(counts, tuple) or len(offsets) != len(counts):
        raise DecodeError("damaged TIFF")
    if any(count == 0 or offset + count > len(data) for offset, count in zip(offsets, counts, strict=True)):
        raise DecodeError("truncated TIFF")
    match tags.get(_COMPRESSION, _NO_COMPRESSION):
        case 1:
            if sum(counts) < raw_length:
                raise DecodeError("truncated TIFF")
        case 7:
            _check_jpeg_strips([data[o : o + c] for o, c in zip(offsets, counts, strict=True)], tags.get(_JPEG_TABLES))
        case compression if compression not in _CHECKED_BY_LIBTIFF:
            raise DecodeError("TIFF with this compression is not supported: convert it to PNG")


def _check_jpeg_strips(strips: list[bytes], tables: object) -> None:
    """Decode each strip strictly: libtiff hands libjpeg's warnings on to nobody."""
    head = tables[:-2] if isinstance(tables, bytes) and len(tables) > 4 else b"\xff\xd8"
    for strip in strips:
        try:
            simplejpeg.decode_jpeg(head + strip[2:], "GRAY")
        except ValueError:
            raise DecodeError("truncated or damaged TIFF") from None


def decode_bmp(data: bytes) -> Radiograph:
    """Read one uncompressed BMP file.

    Returns: brightness as :func:`radiograph_of` says.
    Raises: DecodeError for a file shorter than its rows, and for run-length compression, whose end cannot be told.
    Source: Microsoft, BITMAPINFOHEADER and BITMAPCOREHEADER.
    """
    start, header = struct.unpack_from("<I", data, 10)[0], struct.unpack_from("<I", data, 14)[0]
    if header == 12:
        columns, rows, _planes, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        columns, rows, _planes, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        if compression not in _UNCOMPRESSED_BMP:
            raise DecodeError("compressed BMP is not supported: convert it to PNG")
    check_size(abs(rows), columns)
    if start + abs(rows) * (-(-columns * bits // 32) * 4) > len(data):
        raise DecodeError("truncated BMP")
    with Image.open(io.BytesIO(data), formats=["BMP"]) as image:
        return radiograph_of(image, "BMP")

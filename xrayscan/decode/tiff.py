"""TIFF files → brightness through Pillow, after a look at the pages and strips that libtiff would not tell about."""

import io
import struct
import warnings
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from xrayscan.decode.codec_stderr import captured_stderr
from xrayscan.decode.grey import radiograph_of
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.jpeg import decoder as jpeg
from xrayscan.decode.jpeg.stream import read_stream
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError

# TIFF 6.0 tags
_NEW_SUBFILE, _SUBFILE = 254, 255
_BITS_PER_SAMPLE, _COMPRESSION, _PHOTOMETRIC, _JPEG_TABLES = 258, 259, 262, 347
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets and byte counts
_NO_COMPRESSION = 1
_CHECKED_BY_LIBTIFF = (5, 8, 32773, 32946)  # LZW, deflate, PackBits: a short strip is an error there
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_REDUCED_OLD = 2  # SubfileType
_SHORT = 3
_MAX_DIRECTORIES = 64  # beyond these it is no film with a thumbnail


def decode_tiff(data: bytes, limits: Limits) -> Radiograph:
    """Read one TIFF file: 1 to 8 bit, 16-bit grey (signed too), RGB, palette; raw, LZW, deflate, PackBits or JPEG.

    Thumbnails and masks beside the film are passed over.
    Returns: brightness as :func:`xrayscan.decode.grey.radiograph_of` says.
    Raises: DecodeError for several pages, strips that lie beyond the end of the file or hold less than they should,
    fax compression and floating-point values.
    Source: TIFF 6.0, sections 2 (directories), 3 (bilevel), 7 (strips), 8 (NewSubfileType), 15 (tiles); Technical
    Note 2 (JPEG).
    """
    page = _full_page(data)
    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of truncated directories, then raises where it matters
        try:
            image = Image.open(io.BytesIO(data), formats=["TIFF"])
        except UnidentifiedImageError:
            raise _unidentified(data) from None
        with image:
            image.seek(page)
            return _page(data, image, limits)


def _page(data: bytes, image: Image.Image, limits: Limits) -> Radiograph:
    limits.check_size(image.height, image.width)
    tags = dict(getattr(image, "tag_v2", {}))
    bits = _bits(tags)
    _check_strips(data, tags, image.height * -(-image.width * sum(bits) // 8), limits)
    depth = bits[0] if max(bits) > 8 else 0
    try:
        return radiograph_of(image, "TIFF", limits, bits=depth, white_is_zero=tags.get(_PHOTOMETRIC) == 0)
    except OSError:
        raise DecodeError(Code.DAMAGED, "truncated or damaged TIFF") from None


def _bits(tags: dict[int, object]) -> tuple[int, ...]:
    bits = tags.get(_BITS_PER_SAMPLE, (1,))
    return bits if isinstance(bits, tuple) else (int(str(bits)),)


def _full_page(data: bytes) -> int:
    """Return the number of the one page that is a film. Raises: DecodeError if there are several."""
    full = None
    for number, reduced in enumerate(_directories(data)):
        if reduced:
            continue
        if full is not None or number >= _MAX_DIRECTORIES:
            raise DecodeError(Code.MULTI_PAGE, "multi-page TIFF: export single pages")
        full = number
    return full or 0


def _directories(data: bytes) -> Iterator[bool]:
    """Yield, directory by directory, whether it is a thumbnail or a mask; stop where the chain breaks or closes."""
    order = "<" if data[:2] == b"II" else ">"
    at, seen = struct.unpack_from(order + "I", data, 4)[0], set[int]()
    while at and at not in seen and at + 2 <= len(data) and len(seen) <= _MAX_DIRECTORIES:
        seen.add(at)
        (count,) = struct.unpack_from(order + "H", data, at)
        entries = data[at + 2 : at + 2 + 12 * count]
        yield _is_reduced(entries, order)
        end = at + 2 + 12 * count
        at = struct.unpack_from(order + "I", data, end)[0] if end + 4 <= len(data) else 0


def _is_reduced(entries: bytes, order: str) -> bool:
    for tag, kind, _count, value in struct.iter_unpack(order + "HHI4s", entries[: len(entries) // 12 * 12]):
        number = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), value)[0]
        if tag == _NEW_SUBFILE:
            return bool(number & (_REDUCED | _MASK))
        if tag == _SUBFILE:
            return bool(number == _REDUCED_OLD)
    return False


def _unidentified(data: bytes) -> DecodeError:
    """Tell a layout that Pillow does not know from a file that broke off."""
    (directory,) = struct.unpack_from("<I" if data[:2] == b"II" else ">I", data, 4)
    if 8 <= directory < len(data) - 6:
        return DecodeError(Code.UNSUPPORTED_VALUES, "TIFF with this kind of pixels is not supported: convert it to PNG")
    return DecodeError(Code.TRUNCATED, "truncated TIFF")


def _check_strips(data: bytes, tags: dict[int, object], raw_length: int, limits: Limits) -> None:
    """Raise DecodeError unless every strip or tile lies inside the file and, as far as can be told, is complete."""
    offsets_tag, counts_tag = _TILES if _TILES[0] in tags else _STRIPS
    offsets, counts = tags.get(offsets_tag), tags.get(counts_tag)
    if not isinstance(offsets, tuple) or not isinstance(counts, tuple) or len(offsets) != len(counts):
        raise DecodeError(Code.DAMAGED, "damaged TIFF")
    if any(count == 0 or offset + count > len(data) for offset, count in zip(offsets, counts, strict=True)):
        raise DecodeError(Code.TRUNCATED, "truncated TIFF")
    match tags.get(_COMPRESSION, _NO_COMPRESSION):
        case 1:
            if sum(counts) < raw_length:
                raise DecodeError(Code.TRUNCATED, "truncated TIFF")
        case 7:
            tables = tags.get(_JPEG_TABLES)
            for offset, count in zip(offsets, counts, strict=True):
                _check_jpeg_strip(data[offset : offset + count], tables, limits)
        case compression if compression not in _CHECKED_BY_LIBTIFF:
            raise DecodeError(
                Code.UNSUPPORTED_ENCODING, "TIFF with this compression is not supported: convert it to PNG"
            )


def _check_jpeg_strip(strip: bytes, tables: object, limits: Limits) -> None:
    """Decode one strip strictly: libtiff hands libjpeg's warnings on to nobody."""
    head = tables[:-2] if isinstance(tables, bytes) and len(tables) > 4 else b"\xff\xd8"
    try:
        jpeg.grey_hw(read_stream(head + strip[2:]), 1, limits)
    except DecodeError as error:
        raise DecodeError(error.code, "truncated or damaged TIFF") from None

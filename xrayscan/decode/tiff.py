"""TIFF files → brightness through Pillow, after a look at the pages and strips that libtiff would not tell about."""

import dataclasses
import io
import warnings

from PIL import Image, ImagePalette, UnidentifiedImageError

from xrayscan.decode.codec_stderr import captured_stderr
from xrayscan.decode.deep_colour import Open, deep_colour
from xrayscan.decode.flags import Flag
from xrayscan.decode.grey import check_surplus, radiograph_of
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.jpeg import decoder as jpeg
from xrayscan.decode.jpeg.stream import read_stream
from xrayscan.decode.limits import Limits
from xrayscan.decode.tiff_directory import Directory, Layout, full_page
from xrayscan.errors import Code, DecodeError

# TIFF 6.0 tags
_COLUMNS, _ROWS, _ROWS_PER_STRIP, _TILE_COLUMNS, _TILE_ROWS = 256, 257, 278, 322, 323
_BITS_PER_SAMPLE, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 258, 259, 262, 277
_PLANAR, _COLOUR_MAP, _JPEG_TABLES = 284, 320, 347
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets and byte counts
_NO_COMPRESSION = 1
_CHECKED_BY_LIBTIFF = (5, 8, 32773, 32946)  # LZW, deflate, PackBits: a short strip is an error there


def decode_tiff(data: bytes, limits: Limits) -> Radiograph:
    """Read one TIFF or BigTIFF file: 1 to 16 bit grey (signed too), RGB, palette; raw, LZW, deflate, PackBits or JPEG.

    Thumbnails and masks beside the film are passed over.
    Returns: brightness as :func:`xrayscan.decode.grey.radiograph_of` says.
    Raises: DecodeError for several pages, strips that lie beyond the end of the file or hold less than they should,
    fax compression and floating-point values.
    Source: TIFF 6.0, sections 3 (bilevel), 5 (palette), 7 (strips), 15 (tiles); Technical Note 2 (JPEG).
    """
    page, directory = full_page(data)
    plain = directory.as_plain_grey(data)

    def opened() -> Image.Image:
        image = Image.open(io.BytesIO(plain), formats=["TIFF"])
        image.seek(page)
        return image

    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of truncated directories, then raises where it matters
        try:
            image = opened()
        except UnidentifiedImageError:
            raise _unidentified(data) from None
        with image:
            return _page(data, image, opened, directory, limits)


def _page(data: bytes, image: Image.Image, opened: Open, directory: Directory, limits: Limits) -> Radiograph:
    limits.check_size(image.height, image.width)
    tags = dict(getattr(image, "tag_v2", {}))
    bits = _bits(tags)
    _check_strips(data, tags, image.height * -(-image.width * sum(bits) // 8), limits)
    depth = bits[0] if max(bits) > 8 else 0
    try:
        if image.mode in ("RGB", "RGBA") and depth == 16:
            return _deep_colour(opened, tags, limits)
        _mend_palette(image, tags)
        options = {"signed": directory.is_signed, "white_is_zero": directory.is_white_zero}
        radiograph = radiograph_of(image, "TIFF", limits, bits=depth, **options)
        return _as_brightness(radiograph, depth) if _PHOTOMETRIC not in tags else radiograph
    except OSError:
        raise DecodeError(Code.DAMAGED, "truncated or damaged TIFF") from None


def _as_brightness(radiograph: Radiograph, depth: int) -> Radiograph:
    """Take values of unsaid polarity for brightness, as libtiff does; Pillow takes up to 8 bits for darkness."""
    brightness = radiograph.brightness if depth else 1 - radiograph.brightness
    return dataclasses.replace(radiograph, brightness=brightness, flags=(*radiograph.flags, Flag.PHOTOMETRIC))


def _deep_colour(opened: Open, tags: dict[int, object], limits: Limits) -> Radiograph:
    if tags.get(_PLANAR, 1) != 1:  # Pillow mixes the bytes of 16-bit planes up
        raise DecodeError(
            Code.UNSUPPORTED_ENCODING, "TIFF with 16-bit colour in separate planes is not supported: convert it to PNG"
        )
    return deep_colour(opened, "TIFF", limits)


def _mend_palette(image: Image.Image, tags: dict[int, object]) -> None:
    """Take a palette of values below 256 for one of 8 bits, as libtiff does: some writers forget to scale it."""
    colours = tags.get(_COLOUR_MAP)
    if image.mode == "P" and isinstance(colours, tuple) and max(colours, default=256) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(colours))


def _bits(tags: dict[int, object]) -> tuple[int, ...]:
    """Return the bits of each sample; some writers name them once for all."""
    bits, samples = tags.get(_BITS_PER_SAMPLE, (1,)), tags.get(_SAMPLES, 1)
    said = bits if isinstance(bits, tuple) else (int(str(bits)),)
    return said * samples if len(said) == 1 and isinstance(samples, int) else said


def _unidentified(data: bytes) -> DecodeError:
    """Tell a layout that Pillow does not know from a file that broke off."""
    layout = Layout.of(data)
    if 8 <= layout.offset(data, 8 if layout.is_big else 4) < len(data) - 6:
        return DecodeError(Code.UNSUPPORTED_VALUES, "TIFF with this kind of pixels is not supported: convert it to PNG")
    return DecodeError(Code.TRUNCATED, "truncated TIFF")


def _check_strips(data: bytes, tags: dict[int, object], raw_length: int, limits: Limits) -> None:
    """Raise DecodeError unless every strip or tile lies inside the file and, as far as can be told, is complete."""
    is_tiled = _TILES[0] in tags
    offsets_tag, counts_tag = _TILES if is_tiled else _STRIPS
    offsets, counts = tags.get(offsets_tag), tags.get(counts_tag)
    if not isinstance(offsets, tuple) or not isinstance(counts, tuple) or len(offsets) != len(counts):
        raise DecodeError(Code.DAMAGED, "damaged TIFF")
    if any(count == 0 or offset + count > len(data) for offset, count in zip(offsets, counts, strict=True)):
        raise DecodeError(Code.TRUNCATED, "truncated TIFF")
    needed = _parts(tags)
    if len(counts) < needed:
        raise DecodeError(Code.TRUNCATED, "truncated TIFF")
    check_surplus(len(counts), needed, "TIFF")
    match tags.get(_COMPRESSION, _NO_COMPRESSION):
        case 1:
            if sum(counts) < raw_length:
                raise DecodeError(Code.TRUNCATED, "truncated TIFF")
            if not is_tiled:  # tiles have margins
                check_surplus(sum(counts), raw_length, "TIFF")
        case 7:
            tables = tags.get(_JPEG_TABLES)
            sizes = _strip_sizes(tags, len(counts))
            for offset, count, size in zip(offsets, counts, sizes, strict=True):
                _check_jpeg_strip(data[offset : offset + count], tables, size, limits)
        case compression if compression not in _CHECKED_BY_LIBTIFF:
            raise DecodeError(
                Code.UNSUPPORTED_ENCODING, "TIFF with this compression is not supported: convert it to PNG"
            )


def _parts(tags: dict[int, object]) -> int:
    """Return how many strips or tiles the picture has."""

    def number(tag: int, default: int) -> int:
        return max(int(str(tags.get(tag, default))), 1)

    rows, columns = number(_ROWS, 1), number(_COLUMNS, 1)
    planes = number(_SAMPLES, 1) if tags.get(_PLANAR, 1) == 2 else 1
    if _TILES[0] in tags:
        return planes * -(-rows // number(_TILE_ROWS, rows)) * -(-columns // number(_TILE_COLUMNS, columns))
    return planes * -(-rows // number(_ROWS_PER_STRIP, rows))


def _strip_sizes(tags: dict[int, object], count: int) -> list[tuple[int, int]]:
    """Return the rows and columns that each strip or tile must have; none are asked for where planes lie apart."""
    if tags.get(_PLANAR, 1) != 1:
        return [(0, 0)] * count
    rows, columns = (int(str(tags.get(tag, 0))) for tag in (_ROWS, _COLUMNS))
    if _TILES[0] in tags:
        return [(int(str(tags.get(_TILE_ROWS, 0))), int(str(tags.get(_TILE_COLUMNS, 0))))] * count
    each = min(int(str(tags.get(_ROWS_PER_STRIP, rows))), rows)
    return [(min(each, max(rows - number * each, 0)), columns) for number in range(count)]


def _check_jpeg_strip(strip: bytes, tables: object, size: tuple[int, int], limits: Limits) -> None:
    """Decode one strip strictly, of this size at least: libtiff hands libjpeg's warnings on to nobody."""
    head = tables[:-2] if isinstance(tables, bytes) and len(tables) > 4 else b"\xff\xd8"
    try:
        stream = read_stream(head + strip[2:])
        if stream.frame.rows < size[0] or stream.frame.columns < size[1]:
            raise DecodeError(Code.TRUNCATED, "truncated TIFF")
        jpeg.grey_hw(stream, 1, limits)
    except DecodeError as error:
        raise DecodeError(error.code, "truncated or damaged TIFF") from None

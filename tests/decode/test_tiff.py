"""TIFF: every way to store a film gives the film, or a reason; never another picture."""

import struct
import zlib

import numpy as np
import pytest
from films import film, read, refusal

from xrayscan.decode.flags import Flag
from xrayscan.errors import Code

DEEP = film(bits=16)
SHORT, LONG = ("H", 3), ("I", 4)
TAGS = {"subfile": 254, "bits": 258, "compression": 259, "photometric": 262, "orientation": 274, "samples": 277}
TAGS |= {"planar": 284, "predictor": 317, "palette": 320, "extra": 338, "format": 339}


def packed(values, bits, order):
    if bits % 8:
        rows = values.reshape(len(values), -1)
        split = (rows[:, :, np.newaxis] >> np.arange(bits - 1, -1, -1)) & 1
        return np.packbits(split.reshape(len(rows), -1), axis=1).tobytes()
    return values.astype(values.dtype.newbyteorder(order)).tobytes()


def blocks(picture, bits, order, tags, tile, planar, compression):
    """The strips of ten rows, or the tiles, of each plane."""
    planes = np.moveaxis(picture, -1, 0) if planar == 2 else [picture]
    height, width = (tile, tile) if tile else (10, picture.shape[1])
    for plane in planes:
        for row in range(0, plane.shape[0], height):
            for column in range(0, plane.shape[1], width):
                block = plane[row : row + height, column : column + width]
                if tile:
                    margin = [(0, tile - block.shape[0]), (0, tile - block.shape[1])] + [(0, 0)] * (block.ndim - 2)
                    block = np.pad(block, margin)
                if "predictor" in tags:
                    block = np.concatenate([block[:, :1], block[:, 1:] - block[:, :-1]], axis=1)
                content = packed(block, bits, order)
                yield zlib.compress(content) if compression == 8 else content


def page(picture, order="<", *, tile=0, planar=1, compression=1, bits=0, photometric=1, **tags):
    """The entries of a directory, tag → (type, values), and the blocks that they are about."""
    bits, samples = bits or 8 * picture.itemsize, picture.shape[2] if picture.ndim == 3 else 1
    parts = list(blocks(picture, bits, order, tags, tile, planar, compression))
    said = {"bits": [bits] * samples, "compression": compression, "photometric": photometric, "samples": samples}
    said |= {"planar": planar, **tags}
    entries = {TAGS[name]: (SHORT, list(np.atleast_1d(value))) for name, value in said.items()}
    entries |= {256: (LONG, [picture.shape[1]]), 257: (LONG, [picture.shape[0]])}
    entries |= {322: (LONG, [tile]), 323: (LONG, [tile])} if tile else {278: (LONG, [10])}
    return entries, parts, tile


def written(*pages, order="<", is_big=False):
    """A TIFF or BigTIFF file of these pages."""
    offset, entry, inline = (order + "Q", order + "HHQ", 8) if is_big else (order + "I", order + "HHI", 4)
    out = bytearray(b"II" if order == "<" else b"MM")
    out += struct.pack(order + ("HHHQ" if is_big else "HI"), *((43, 8, 0, 0) if is_big else (42, 0)))
    link = len(out) - inline
    for entries, parts, tile in pages:
        places = []
        for part in parts:
            places.append(len(out))
            out += part + b"\0" * (len(part) % 2)
        all_entries = dict(entries)
        all_entries[324 if tile else 273] = (LONG, places)
        all_entries[325 if tile else 279] = (LONG, [len(part) for part in parts])
        directory = b""
        for tag in sorted(all_entries):
            (form, kind), values = all_entries[tag]
            body = struct.pack(f"{order}{len(values)}{form}", *values)
            if len(body) > inline:
                out += body
                body = struct.pack(offset, len(out) - len(body))
            directory += struct.pack(entry, tag, kind, len(values)) + body.ljust(inline, b"\0")
        struct.pack_into(offset, out, link, len(out))
        out += struct.pack(order + ("Q" if is_big else "H"), len(all_entries)) + directory
        link = len(out)
        out += bytes(inline)
    return bytes(out)


def stored(picture, order="<", **options):
    return written(page(picture, order, **options), order=order)


def is_film(data, expected, atol=1e-5):
    brightness = read(data).brightness
    assert 0 <= brightness.min() <= brightness.max() <= 1
    np.testing.assert_allclose(brightness, expected, atol=atol)


ORDERS = pytest.mark.parametrize("order", ["<", ">"])


@ORDERS
@pytest.mark.parametrize("tile", [0, 16, 64])
@pytest.mark.parametrize("packing", [{}, {"compression": 8}, {"compression": 8, "predictor": 2}])
def test_strips_tiles_and_predictors_give_the_film(order, tile, packing):
    is_film(stored(film(), order, tile=tile, **packing), film() / 255)
    is_film(stored(DEEP, order, tile=tile, **packing), DEEP / 65535)


@ORDERS
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("compression", [1, 8])
def test_every_depth_counts_brightness_or_darkness(order, bits, photometric, compression):
    values = (DEEP >> (16 - bits)).astype(np.uint16 if bits == 16 else np.uint8)
    bright = values / (2**bits - 1)
    data = stored(values, order, bits=bits, photometric=photometric, compression=compression)
    is_film(data, bright if photometric else 1 - bright)


@pytest.mark.parametrize("photometric", [0, 1])
def test_12_bits_without_gaps_are_read(photometric):
    bright = film(bits=12) / 4095
    is_film(stored(film(bits=12), bits=12, photometric=photometric), bright if photometric else 1 - bright)


def test_12_bits_without_gaps_in_the_other_order_are_refused_with_what_to_do():
    assert "convert it to PNG" in str(refusal(stored(film(bits=12), ">", bits=12)))


@pytest.mark.parametrize("bits", [8, 16])
def test_without_a_photometric_interpretation_values_are_brightness(bits):
    entries, parts, tile = page(film(bits=bits))
    del entries[TAGS["photometric"]]
    data = written((entries, parts, tile))
    is_film(data, film(bits=bits) / (2**bits - 1))
    assert read(data).flags == (Flag.PHOTOMETRIC,)


@pytest.mark.parametrize("bits", [1, 8])  # 1 is what holds where a header says nothing
def test_more_values_than_the_header_says_are_refused_not_cut(bits):
    entries, parts, tile = page(DEEP if bits == 8 else film())
    entries[TAGS["bits"]] = (SHORT, [bits])
    assert refusal(written((entries, parts, tile))).code == Code.HEADER


@pytest.mark.parametrize("tile", [0, 16])
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize(("rows", "code"), [(30, Code.HEADER), (110, Code.TRUNCATED)])
def test_a_header_of_fewer_or_more_rows_than_the_blocks_have_is_refused(rows, code, compression, tile):
    entries, parts, tile = page(film(), compression=compression, tile=tile)
    entries[257] = (LONG, [rows])
    assert refusal(written((entries, parts, tile))).code == code


def test_strips_of_more_rows_than_the_header_gives_them_leave_no_black_rows():
    entries, parts, tile = page(film())
    entries[278] = (LONG, [5])
    assert refusal(written((entries, parts, tile))).code == Code.TRUNCATED


def test_signed_values_of_full_depth_reach_white():
    picture = film(bits=16) >> 1
    is_film(written(page(picture.astype(np.int16), format=2)), picture / 32767)


def test_bits_named_once_for_three_samples_are_read():
    entries, parts, tile = page(np.dstack([film()] * 3), photometric=2)
    entries[TAGS["bits"]] = (SHORT, [8])
    is_film(written((entries, parts, tile)), film() / 255)


@ORDERS
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("bits", [8, 16])
def test_signed_values_are_read_from_their_lowest_to_their_highest(order, photometric, compression, bits):
    values = (film(bits=bits).astype(np.int64) - (1 << (bits - 1))).astype(f"i{bits // 8}")
    bright = (values.astype(float) - values.min()) / np.ptp(values.astype(float))
    data = stored(values, order, format=2, photometric=photometric, compression=compression)
    is_film(data, bright if photometric else 1 - bright)


@ORDERS
def test_signed_values_that_are_never_negative_reach_white(order):
    is_film(stored(film(bits=7).astype(np.int8), order, format=2), film(bits=7) / 127)
    is_film(stored(film(bits=12).astype(np.int16), order, format=2), film(bits=12) / 4095)


@ORDERS
def test_values_of_undefined_format_are_taken_as_they_are(order):
    is_film(stored(DEEP, order, format=4), DEEP / 65535)


@ORDERS
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i4", "u4"])
@pytest.mark.parametrize("highest", [1, 4095])
def test_floating_point_and_32_bits_are_refused_with_what_to_do(order, kind, highest):
    values = (film() / 255 * highest).astype(kind)
    if kind[0] == "f":
        values[0, 0] = np.nan
    error = refusal(stored(values, order, format={"f": 3, "i": 2, "u": 1}[kind[0]]))
    assert error.code is Code.UNSUPPORTED_VALUES
    assert "convert it to" in str(error)


@ORDERS
@pytest.mark.parametrize("layout", [{}, {"planar": 2}, {"planar": 2, "tile": 16}, {"planar": 2, "compression": 8}])
def test_grey_stored_as_colour_is_the_film_however_its_planes_lie(order, layout):
    is_film(stored(np.dstack([film()] * 3), order, photometric=2, **layout), film() / 255)


@ORDERS
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("compression", [1, 8])
def test_16_bit_colour_keeps_all_its_bits(order, bits, compression):
    values = film(bits=bits).astype(np.uint16)
    data = stored(np.dstack([values] * 3), order, photometric=2, compression=compression)
    is_film(data, values / (2**bits - 1))


@ORDERS
def test_16_bit_colour_in_planes_is_refused_rather_than_mixed_up(order):
    error = refusal(stored(np.dstack([DEEP] * 3), order, photometric=2, planar=2))
    assert error.code is Code.UNSUPPORTED_ENCODING


@ORDERS
def test_alpha_beside_a_film_is_ignored(order):
    is_film(stored(np.dstack([film(), film() * 0]), order, extra=2), film() / 255)


@ORDERS
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("full", [255, 65535])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_palettes_are_read_also_where_they_were_not_scaled_up(order, bits, full, is_reversed):
    values = (DEEP >> (16 - bits)).astype(np.uint8)
    ramp = (np.arange(2**bits) * full // (2**bits - 1))[:: -1 if is_reversed else 1]
    data = stored(values, order, bits=bits, photometric=3, palette=np.tile(ramp, 3))
    is_film(data, ramp[values] / full, atol=0.005)


TURNED = {
    1: lambda picture: picture,
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.T,
    6: lambda picture: np.rot90(picture, -1),
    7: lambda picture: picture.T[::-1, ::-1],
    8: lambda picture: np.rot90(picture),
}


@ORDERS
@pytest.mark.parametrize("orientation", TURNED)
def test_every_orientation_is_turned_upright(order, orientation):
    turned = TURNED[orientation]
    is_film(stored(film(), order, orientation=orientation), turned(film() / 255))
    is_film(stored(DEEP, order, orientation=orientation, photometric=0), turned(1 - DEEP / 65535))
    data = stored(np.dstack([DEEP] * 3), order, orientation=orientation, photometric=2)
    is_film(data, turned(DEEP / 65535))
    assert (Flag.UPRIGHT in read(data).flags) == (orientation > 1)


@pytest.mark.parametrize("picture", [film(), DEEP])
def test_bigtiff_is_read_with_its_thumbnail_passed_over(picture):
    pages = [page(picture), page(picture[::4, ::4], subfile=1)]
    for both in (pages, pages[::-1]):
        is_film(written(*both, is_big=True), picture / np.iinfo(picture.dtype).max)


def test_what_is_not_read_of_bigtiff_is_refused_with_its_reason():
    assert "BigTIFF is not supported" in str(refusal(written(page(film(), ">"), order=">", is_big=True)))
    assert refusal(written(page(film()), page(film()), is_big=True)).code is Code.MULTI_PAGE
    assert refusal(written(page(film()), is_big=True)[:400]).code is Code.TRUNCATED


def test_a_colour_space_that_is_not_read_is_named():
    assert refusal(stored(np.dstack([film()] * 3), photometric=8)).code is Code.UNSUPPORTED_ENCODING

"""JPEG: every mode, the smallest scale, upright; mended only when complete."""

import io
import struct

import films
import numpy as np
import pytest
from films import film, jpeg
from jpeg_encoders import extended_jpeg, lossless_jpeg
from PIL import Image, ImageOps

from xrayscan.decode import decode
from xrayscan.errors import DecodeError

BIG = 10_000  # larger than any film here: decode at full size


def full(data):
    return decode(data, at_least=BIG).brightness


def pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("L")) / 255


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}])
def test_a_grey_film_is_its_value_over_255(options):
    radiograph = decode(jpeg(**options), at_least=BIG)
    assert radiograph.brightness.dtype == np.float32
    assert (radiograph.facts.format, radiograph.facts.rows, radiograph.facts.columns) == ("JPEG", 480, 400)
    np.testing.assert_allclose(radiograph.brightness, pillow(jpeg(**options)), atol=1.01 / 255)


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"progressive": True}, {"keep_rgb": True}])
def test_colour_becomes_luma(options):
    red = np.dstack([film(120, 100), film(120, 100) // 2, film(120, 100) // 3])
    np.testing.assert_allclose(full(jpeg(red, **options)), pillow(jpeg(red, **options)), atol=3.01 / 255)


def test_cmyk_becomes_the_grey_that_was_printed():
    image = Image.fromarray(film(120, 100)).convert("RGB").convert("CMYK")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95)
    np.testing.assert_allclose(full(out.getvalue()), film(120, 100) / 255, atol=12 / 255)


@pytest.mark.parametrize(("at_least", "shape"), [(1, (60, 50)), (50, (60, 50)), (51, (120, 100)), (200, (240, 200)),
                                                 (201, (300, 250)), (400, (480, 400)), (401, (480, 400))])  # fmt: skip
def test_the_scale_is_the_smallest_whose_both_sides_suffice(at_least, shape):
    radiograph = decode(jpeg(), at_least=at_least)
    assert radiograph.brightness.shape == shape
    assert (radiograph.facts.rows, radiograph.facts.columns) == (480, 400)


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_exif_orientation_may_be_a_long_number(order):
    data = jpeg(film(120, 104))
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    exif = b"Exif\0\0" + head + struct.pack(order + "HHHIII", 1, 0x0112, 4, 1, 3, 0)
    turned = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    np.testing.assert_array_equal(full(turned), full(data)[::-1, ::-1])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_applied(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = jpeg(film(120, 104), exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image)) / 255
    radiograph = decode(data, at_least=BIG)
    np.testing.assert_allclose(radiograph.brightness, upright, atol=1.01 / 255)
    assert (radiograph.facts.rows, radiograph.facts.columns) == upright.shape


@pytest.mark.parametrize("count", [1, 3, 4])
@pytest.mark.parametrize(
    ("options", "marker"),
    [
        ({}, b"\xff\xd9"),
        ({}, b"\xff\xc4"),
        ({}, b"\xff\xda"),
        ({"progressive": True}, b"\xff\xd9"),
        ({"progressive": True}, b"\xff\xc4"),  # between two scans
        ({"restart_marker_rows": 2}, b"\xff\xd9"),
        ({"restart_marker_rows": 2}, b"\xff\xd1"),  # inside the scan
    ],
)
def test_a_complete_film_with_stray_bytes_before_a_marker_is_scored(options, marker, count):
    data = jpeg(**options)
    at = data.rindex(marker)
    np.testing.assert_array_equal(full(data[:at] + b"\0\x5a\x11\x07\x80\x3c\x55"[:count] + data[at:]), full(data))


def test_what_follows_the_end_marker_does_not_matter():
    np.testing.assert_array_equal(full(jpeg() + b"trailing garbage" + bytes(5000)), full(jpeg()))


def test_of_several_pictures_in_one_file_the_first_is_the_film_as_every_viewer_shows_it():
    out = io.BytesIO()
    Image.fromarray(film()).save(
        out, "MPO", quality=95, save_all=True, append_images=[Image.fromarray(film()[::-1].copy())]
    )
    np.testing.assert_allclose(full(out.getvalue()), film() / 255, atol=12 / 255)
    np.testing.assert_array_equal(full(jpeg(film()) + jpeg(film()[::-1])), full(jpeg(film())))


def test_colours_without_any_marker_are_told_as_libjpeg_tells_them():
    red = np.dstack([film(120, 100), film(120, 100) // 2, film(120, 100) // 3])
    data = jpeg(red, keep_rgb=True, subsampling=0)
    at = data.index(b"\xff\xee")
    without = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    np.testing.assert_allclose(full(without), pillow(data), atol=3.01 / 255)


def test_lossless_jpeg_with_8_bits_is_read():
    np.testing.assert_array_equal(full(lossless_jpeg(film(), 8)), np.float32(film()) * np.float32(1 / 255))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (extended_jpeg(film(bits=12)), "12-bit JPEG is not supported"),
        (jpeg().replace(b"\xff\xc0", b"\xff\xc9", 1), "arithmetic-coded JPEG is not supported"),
        (jpeg().replace(b"\xff\xc0", b"\xff\xc5", 1), "hierarchical JPEG is not supported"),
        (b"\xff\xd8\xff", "truncated JPEG"),
    ],
)
def test_other_processes_are_named_in_the_reason(data, reason):
    with pytest.raises(DecodeError, match=reason):
        full(data)


def test_an_absurd_size_is_refused_without_asking_for_memory():
    at = (data := jpeg()).index(b"\xff\xc0")
    with pytest.raises(DecodeError, match="too large"):
        full(data[: at + 5] + b"\xff\xff\xff\xff" + data[at + 9 :])


@pytest.mark.skipif(not films.SHARED_DATA.is_dir(), reason=films.NEEDS_SHARED_DATA)
def test_real_films_are_all_read_at_a_reduced_scale():
    paths = sorted(films.SHARED_DATA.glob("kermany_fullsize/*/*"))[::6]
    for path in paths:
        radiograph = decode(path.read_bytes(), at_least=224)
        assert min(radiograph.brightness.shape) >= 224
        assert min(radiograph.brightness.shape) <= 500
        assert 0 <= radiograph.brightness.min() < radiograph.brightness.max() <= 1

"""Rasters whose bytes, depth or pages are not what they say."""

import struct
import zlib

import numpy as np
import pytest
from films import bmp, film, jpeg, png, read, refusal, tiff
from PIL import Image, TiffImagePlugin

from xrayscan.decode import decode
from xrayscan.decode.flags import Flag
from xrayscan.errors import Code

FILM = film()
PHOTO = np.stack([FILM, FILM[::-1], FILM[:, ::-1]], axis=-1)


def netpbm(kind, values, highest):
    return f"{kind}\n{values.shape[1]} {values.shape[0]}\n{highest}\n".encode() + values.tobytes()


WRITERS = {
    "PNG": png,
    "TIFF": tiff,
    "PGM": lambda values: netpbm("P5", values.byteswap(), 65535),  # which stores the higher byte first
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("bits", [12, 14, 16])
def test_values_whose_bytes_were_swapped_are_swapped_back(bits, write):
    picture = film(bits=bits)
    radiograph = read(write(picture.byteswap()))
    assert np.abs(radiograph.brightness - picture / ((1 << bits) - 1)).max() < 1e-6
    assert Flag.ORDER in radiograph.flags
    assert Flag.ORDER not in read(write(picture)).flags


def with_significant(data, bits):
    """The PNG with an sBIT chunk."""
    body = b"sBIT" + bytes([bits])
    return data[:33] + struct.pack(">I", 1) + body + struct.pack(">I", zlib.crc32(body)) + data[33:]


@pytest.mark.parametrize("said", [1, 8, 10])
def test_significant_bits_that_are_too_few_do_not_darken_a_film(said):
    picture = film(bits=12)
    radiograph = read(with_significant(png(picture), said))
    assert np.abs(radiograph.brightness - picture / 4095).max() < 1e-6
    assert radiograph.flags == (Flag.DEPTH,)


def test_significant_bits_repeated_below_themselves_are_full_scale():
    picture = film(bits=12) // 8  # dark: its highest value alone would tell of fewer bits
    radiograph = read(with_significant(png(picture << 4 | picture >> 8), 12))
    assert np.abs(radiograph.brightness - picture / 4095).max() < 1e-3


def test_a_film_in_the_alpha_of_a_colour_that_is_nearly_one():
    nearly = FILM & 1
    for channels in ([nearly, FILM], [nearly, nearly, nearly, FILM]):
        radiograph = read(png(np.stack(channels, axis=-1)))
        assert np.abs(radiograph.brightness - FILM / 255).max() < 1e-6
        assert radiograph.flags == (Flag.ALPHA,)


@pytest.mark.parametrize("count", [1, 2])
def test_a_thumbnail_on_which_the_film_hangs_is_not_taken_for_it(count):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    tags[330], tags.tagtype[330] = (8,) * count, 4
    thumbnail = np.asarray(Image.fromarray(FILM).resize((15, 18)))
    error = refusal(tiff(thumbnail, tiffinfo=tags))
    assert error.code is Code.MULTI_PAGE
    assert "thumbnail" in str(error)


def test_a_film_that_is_called_a_thumbnail_and_stands_alone_is_read():
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    assert read(tiff(FILM, tiffinfo=tags)).brightness.shape == FILM.shape


def test_a_photograph_in_ppm_is_seen_to_be_colourful():
    assert read(netpbm("P6", PHOTO, 255)).chroma == pytest.approx(read(png(PHOTO)).chroma)
    assert read(netpbm("P6", np.stack([FILM] * 3, axis=-1), 255)).chroma == 0


def test_the_first_orientation_of_several_counts_as_in_other_viewers():
    exif = Image.Exif()
    data, segments = jpeg(FILM), []
    for orientation in (6, 1):
        exif[0x0112] = orientation
        body = exif.tobytes()
        segments.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    radiograph = read(data[:2] + b"".join(segments) + data[2:])
    assert radiograph.flags == (Flag.UPRIGHT,)


YBR = np.stack([FILM, np.full_like(FILM, 128), np.full_like(FILM, 127)], axis=-1)


@pytest.mark.parametrize("write", [png, tiff, lambda picture: jpeg(picture, quality=98, subsampling=0)])
def test_luma_and_differences_of_colour_saved_as_if_they_were_rgb_are_the_film(write):
    radiograph = decode(write(YBR), at_least=60)
    assert np.abs(radiograph.brightness - FILM / 255).mean() < 0.01
    assert radiograph.flags == (Flag.PHOTOMETRIC,)
    assert radiograph.chroma == 0


@pytest.mark.parametrize("picture", [PHOTO, np.stack([FILM] * 3, axis=-1)], ids=["photograph", "film"])
@pytest.mark.parametrize("write", [png, tiff, jpeg])
def test_rgb_stays_rgb(picture, write):
    assert read(write(picture)).flags == ()


@pytest.mark.parametrize("said", [(72, 60), (90, 60), (72, 75)])
def test_a_jpeg_in_tiff_that_is_smaller_than_the_picture_is_truncated(said):
    data = tiff(FILM, compression="jpeg")
    for tag, was, now in ((256, 60, said[1]), (257, 72, said[0]), (278, 72, said[0])):
        for kind in (3, 4):
            entry = struct.pack("<HHII", tag, kind, 1, was)
            data = data.replace(entry, struct.pack("<HHII", tag, kind, 1, now))
    if said == FILM.shape:
        assert read(data).brightness.shape == said
    else:
        assert refusal(data).code is Code.TRUNCATED


def with_header(data, body):
    """The PNG with another header."""
    return data[:8] + chunk(b"IHDR", body) + data[33:]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def plain_pgm(values, rows):
    return f"P2 {values.shape[1]} {rows} 255\n".encode() + b" ".join(b"%d" % value for value in values.ravel())


HALF = {  # films of 72 rows under a header of 36
    "PNG": with_header(png(), png()[16:20] + struct.pack(">I", 36) + png()[24:29]),
    "PGM": netpbm("P5", FILM, 255).replace(b" 72\n", b" 36\n", 1),
    "plain PGM": plain_pgm(FILM, 36),
    "PBM": netpbm("P4", np.packbits(FILM > 128, axis=1), 1).replace(b"8 72\n1", b"60 36", 1),
    "BMP": bmp()[:22] + struct.pack("<i", 36) + bmp()[26:],
}


@pytest.mark.parametrize("data", HALF.values(), ids=HALF)
def test_more_values_than_the_header_says_are_refused_not_cut(data):
    assert refusal(data).code == Code.HEADER


def test_two_bytes_a_value_under_a_highest_value_of_one_byte_are_refused():
    assert refusal(netpbm("P5", film(bits=12).byteswap(), 4095).replace(b"4095", b"255", 1)).code == Code.HEADER


def test_a_png_with_a_second_header_is_refused():
    second = chunk(b"IHDR", png()[16:20] + struct.pack(">I", 10) + png()[24:29])
    assert refusal(png()[:33] + second + png()[33:]).code == Code.DAMAGED


def test_colours_of_16_bits_whose_bytes_were_swapped_are_swapped_back():
    picture = film(bits=16)
    data = b"P6\n60 72\n65535\n" + np.stack([picture] * 3, axis=-1).astype("<u2").tobytes()
    assert np.abs(read(data).brightness - picture / 65535).max() < 1e-6
    assert Flag.ORDER in read(data).flags


def test_a_comment_behind_the_highest_value_does_not_shift_a_film():
    data = netpbm("P5", FILM, "255 # of a scanner")
    assert np.array_equal(read(data).brightness, read(netpbm("P5", FILM, 255)).brightness)

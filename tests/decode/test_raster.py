"""PNG, TIFF and BMP: every depth to the same brightness."""

import gzip
import io
import struct
import zlib

import films
import numpy as np
import pytest
from films import bmp, film, png, refusal, tiff
from PIL import Image

from xrayscan.decode import decode
from xrayscan.errors import Code, DecodeError

FILM8 = np.float32(film() / 255)


def brightness(data):
    return decode(data, at_least=8).brightness


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def raw_png(rows, columns, depth, colour, stream, interlaced=0):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(stream)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_8_bit_png_is_its_value_over_255(mode):
    radiograph = decode(png(mode=mode), at_least=8)
    np.testing.assert_allclose(radiograph.brightness, FILM8, atol=1e-6)
    assert (radiograph.facts.format, radiograph.facts.rows, radiograph.facts.columns) == ("PNG", 72, 60)


def test_palette_png_is_read_through_its_palette():
    np.testing.assert_allclose(brightness(png(mode="P")), FILM8, atol=1.01 / 255)


def test_transparency_is_ignored():
    transparent = Image.merge("LA", [Image.fromarray(film()), Image.new("L", (60, 72), 0)])
    np.testing.assert_allclose(brightness(saved(transparent, "PNG")), FILM8, atol=1e-6)


def test_1_bit_png_is_black_and_white():
    assert set(np.unique(brightness(png(mode="1")))) == {0.0, 1.0}


@pytest.mark.parametrize("depth", [2, 4])
def test_2_and_4_bit_png_reach_from_black_to_white(depth):
    stream = b"".join(b"\0" + bytes([0x1B, 0xE4]) for _ in range(3))
    decoded = brightness(raw_png(3, 16 // depth, depth, 0, stream))
    values = {2: [0, 1, 2, 3, 3, 2, 1, 0], 4: [1, 11, 14, 4]}[depth]
    np.testing.assert_allclose(decoded[0], np.array(values) / (2**depth - 1), atol=1e-6)


@pytest.mark.parametrize("write", [png, tiff])
def test_16_bits_are_scaled_by_their_full_range(write):
    picture = film(bits=16)
    np.testing.assert_allclose(brightness(write(picture)), picture / 65535, atol=1e-6)


@pytest.mark.parametrize("write", [png, tiff])
def test_12_bits_stored_in_16_are_scaled_by_12(write):
    picture = film(bits=12)
    np.testing.assert_allclose(brightness(write(picture)), picture / 4095, atol=1e-6)


def test_interlaced_png_is_checked_by_its_own_length():
    picture = film(5, 7)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    stream = b"".join(b"\0" + row.tobytes() for y, x, dy, dx in passes for row in picture[y::dy, x::dx] if row.size)
    np.testing.assert_allclose(brightness(raw_png(5, 7, 8, 0, stream, 1)), picture / 255, atol=1e-6)
    with pytest.raises(DecodeError, match="truncated PNG"):
        brightness(raw_png(5, 7, 8, 0, stream[:-8], 1))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_is_read_raw_and_compressed(compression):
    np.testing.assert_allclose(brightness(tiff(compression=compression)), FILM8, atol=1e-6)


def test_jpeg_in_tiff_is_read():
    np.testing.assert_allclose(brightness(tiff(compression="jpeg", quality=95)), FILM8, atol=0.05)


@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_that_counts_darkness_is_inverted(bits):
    picture = film(bits=bits)
    stored = picture if bits == 8 else 65535 - picture  # Pillow itself inverts 8 bits when it writes
    data = tiff(stored, tiffinfo={262: 0})
    with Image.open(io.BytesIO(data)) as image:
        assert image.tag_v2[262] == 0
    np.testing.assert_allclose(brightness(data), picture / (2**bits - 1), atol=1e-6)


def test_orientation_of_a_tiff_is_applied():
    decoded = decode(tiff(tiffinfo={274: 6}), at_least=8)
    np.testing.assert_allclose(decoded.brightness, np.rot90(FILM8, -1), atol=1e-6)
    assert (decoded.facts.rows, decoded.facts.columns) == (60, 72)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_bmp_is_read(mode):
    image = Image.fromarray(film()).convert(mode)
    np.testing.assert_allclose(brightness(saved(image, "BMP")), np.asarray(image.convert("L")) / 255, atol=1e-6)


def test_several_pages_are_refused():
    pages = [Image.fromarray(film()) for _ in range(2)]
    with pytest.raises(DecodeError, match="multi-page TIFF: export single pages"):
        brightness(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))


def test_an_animation_is_refused():
    pages = [Image.fromarray(film()), Image.fromarray(film()[::-1].copy())]
    with pytest.raises(DecodeError, match="animated PNG"):
        brightness(saved(pages[0], "PNG", save_all=True, append_images=pages[1:]))


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_one_png_behind_another_is_refused_not_dropped(packed):
    first, second = (packed(saved(Image.fromarray(pixels), "PNG")) for pixels in (film(), film()[::-1].copy()))
    with pytest.raises(DecodeError, match="several pictures in one PNG"):
        brightness(first + second)


def test_floating_point_is_refused_since_its_white_is_unknown():
    with pytest.raises(DecodeError, match="floating-point"):
        brightness(tiff(np.float32(film())))


def test_a_fax_is_refused():
    with pytest.raises(DecodeError, match="compression is not supported"):
        brightness(saved(Image.fromarray(film()).convert("1"), "TIFF", compression="group4"))


def test_what_apple_calls_png_is_refused_for_what_it_is():
    data = png()
    apple = struct.pack(">I4s", 0, b"CgBI") + struct.pack(">I", zlib.crc32(b"CgBI"))
    assert refusal(data[:8] + apple + data[8:]).code == Code.UNSUPPORTED_ENCODING


def test_a_bad_checksum_is_refused():
    data = bytearray(png())
    data[data.index(b"IDAT") + 20] ^= 1
    with pytest.raises(DecodeError, match="damaged PNG"):
        brightness(bytes(data))


def test_an_absurd_size_is_refused_without_asking_for_memory():
    for data in (raw_png(60_000, 60_000, 16, 6, b""), bmp()[:18] + struct.pack("<ii", 60_000, 60_000) + bmp()[26:]):
        with pytest.raises(DecodeError, match="too large"):
            brightness(data)


def test_no_pixels_are_refused():
    with pytest.raises(DecodeError, match="zero size"):
        brightness(raw_png(0, 5, 8, 0, b""))


def test_metadata_text_never_reaches_the_facts():
    assert "SECRET" not in repr(decode(films.tiff(tiffinfo={270: "SECRET"}), at_least=8))

"""BMP: every depth, either direction of rows, and a reason for what is compressed."""

import struct

import numpy as np
import pytest
from films import film, read, refusal

from xrayscan.errors import Code


def bmp(lines, bits, palette=b"", compression=0, rows=72, masks=b""):
    """A file of these lines, top line last as its format wants it, unless ``rows`` is negative."""
    padded = [line + b"\0" * (-len(line) % 4) for line in lines]
    body = b"".join(padded if rows < 0 else padded[::-1])
    start = 54 + len(masks) + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, 60, rows, 1, bits, compression, len(body), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + masks + palette + body


def packed(values, bits):
    split = (values[:, :, np.newaxis] >> np.arange(bits - 1, -1, -1)) & 1
    return [np.packbits(line).tobytes() for line in split.reshape(len(values), -1)]


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("rows", [72, -72])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_few_bits_are_read_through_their_palette_from_either_side(bits, rows, is_reversed):
    values = film() >> (8 - bits)
    ramp = (np.arange(2**bits) * 255 // (2**bits - 1))[:: -1 if is_reversed else 1]
    palette = np.pad(np.repeat(ramp[:, np.newaxis], 3, axis=1), [(0, 0), (0, 1)]).astype(np.uint8).tobytes()
    np.testing.assert_allclose(read(bmp(packed(values, bits), bits, palette, rows=rows)).brightness, ramp[values] / 255)


@pytest.mark.parametrize("rows", [72, -72])
@pytest.mark.parametrize("channels", [3, 4])
def test_grey_stored_as_colour_is_the_film(rows, channels):
    pixels = np.dstack([film()] * 3 + [film() * 0] * (channels - 3))
    data = bmp([line.tobytes() for line in pixels], 8 * channels, rows=rows)
    np.testing.assert_allclose(read(data).brightness, film() / 255, atol=1e-6)


def test_16_bit_words_of_5_bits_a_colour_are_read():
    shade = film().astype("<u2") >> 3
    data = bmp([line.tobytes() for line in shade * 0x0421], 16)
    np.testing.assert_allclose(read(data).brightness, shade / 31, atol=0.005)


@pytest.mark.parametrize(("bits", "compression"), [(8, 1), (4, 2)])
def test_run_lengths_are_refused_with_what_to_do(bits, compression):
    error = refusal(bmp([bytes(60)] * 72, bits, bytes(4 << bits), compression))
    assert (error.code, str(error)) == (
        Code.UNSUPPORTED_ENCODING,
        "compressed BMP is not supported: convert it to PNG",
    )


def test_rows_that_are_missing_are_told():
    assert refusal(bmp([bytes(180)] * 71, 24)).code is Code.TRUNCATED

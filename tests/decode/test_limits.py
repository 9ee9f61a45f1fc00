"""Files that would take all memory or time are refused by the name of the limit, before anything is allocated."""

import contextlib
import gzip
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from films import bmp, dicom, film, jpeg, png, tiff
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless

from xrayscan.decode import Limits, decode
from xrayscan.errors import Code, DecodeError

SMALL = Limits(max_pixels=72 * 60 - 1)
FILMS = {
    "JPEG": jpeg(film()),
    "PNG": png(),
    "TIFF": tiff(),
    "JPEG TIFF": tiff(compression="jpeg"),
    "BMP": bmp(),
    "PGM": b"P5 60 72 255\n" + film().tobytes(),
    "DICOM": dicom(),
    "DICOM JPEG": dicom(film(), JPEGBaseline8Bit, bits=8),
    "DICOM JPEG 2000": dicom(syntax=JPEG2000Lossless),
    "DICOM JPEG-LS": dicom(syntax=JPEGLSLossless),
    "gzipped DICOM": gzip.compress(dicom()),
}


@contextlib.contextmanager
def traced():
    """Give a function that returns the peak of allocated bytes, once the block has ended."""
    peaks = []
    tracemalloc.start()
    try:
        yield lambda: peaks[0]
        peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def refusal(data, limits=Limits()):  # noqa: B008 (frozen)
    with pytest.raises(DecodeError) as caught:
        decode(data, at_least=8, limits=limits)
    return caught.value


@pytest.mark.parametrize("name", FILMS)
def test_more_pixels_than_allowed_are_refused_by_the_name_of_the_limit(name):
    error = refusal(FILMS[name], SMALL)
    assert error.code is Code.TOO_MANY_PIXELS
    assert "--max-pixels" in str(error)
    assert decode(FILMS[name], at_least=8, limits=Limits(max_pixels=72 * 60)).brightness.size


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(bytes(1 << 22)),
        dicom(np.zeros((1000, 1000), np.uint16), DeflatedExplicitVRLittleEndian),
        png(np.zeros((2000, 2000), np.uint8)),
    ],
    ids=["gzip", "deflated DICOM", "PNG"],
)
def test_what_inflates_too_far_is_refused_before_it_is_inflated(data):
    data = gzip.compress(dicom(np.zeros((1000, 1000), np.uint16))) if data[:3] == b"\x1f\x8b\x08" else data
    limits = Limits(max_inflated_bytes=1 << 20)
    with traced() as peak:
        error = refusal(data, limits)
    assert error.code is Code.INFLATES_TOO_FAR
    assert "limit" in str(error)
    assert peak() < 4 << 20


def test_a_png_that_inflates_far_beyond_its_rows_is_not_followed():
    header = struct.pack(">IIBBBBB", 60, 72, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(200 << 20))), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    with traced() as peak:
        assert refusal(b"\x89PNG\r\n\x1a\n" + body).code is Code.DAMAGED
    assert peak() < 20 << 20


def test_a_tail_of_zeros_is_not_read_element_by_element():
    data = dicom() + bytes(40 << 20)
    with traced() as peak:
        radiograph = decode(data, at_least=8)
    np.testing.assert_array_equal(radiograph.brightness, decode(dicom(), at_least=8).brightness)
    assert peak() < 20 << 20  # a million empty elements take half a gigabyte


def test_a_flood_of_elements_is_refused():
    flood = b"\x08\x00\x05\x00CS\x00\x00" * 200_000
    assert refusal(bytes(128) + b"DICM" + flood).code is Code.DAMAGED


def test_a_strip_of_a_tiff_cannot_claim_more_pixels_than_allowed():
    data = bytearray(tiff(compression="jpeg"))
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    assert refusal(bytes(data)).code in (Code.TOO_MANY_PIXELS, Code.DAMAGED)

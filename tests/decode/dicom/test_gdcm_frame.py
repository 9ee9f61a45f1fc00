"""JPEG frames by GDCM's own codec: every word of every depth, and nothing of another size."""

import numpy as np
import pytest
from films import dicom, film, read
from jpeg_encoders import extended_jpeg, lossless_jpeg
from pydicom import uid

from xrayscan.decode.dicom.gdcm_frame import decode_grey


@pytest.mark.parametrize("bits", [2, 7, 8, 9, 10, 12, 14, 16])
def test_lossless_words_come_as_they_were_stored(bits):
    picture = film(71, 53, bits)
    decoded = decode_grey(lossless_jpeg(picture, bits), 71, 53, bits)
    np.testing.assert_array_equal(decoded, picture)
    assert decoded.dtype == (np.uint8 if bits <= 8 else np.uint16)


def test_12_bits_by_dct_come_within_what_rounding_leaves():
    picture = film(72, 64, 12)
    decoded = decode_grey(extended_jpeg(picture), 72, 64, 12)
    assert np.abs(decoded.astype(int) - picture).max() <= 2


def test_pixels_of_one_film_stay_when_the_next_is_decoded():
    first, second = film(72, 60, 12), film(72, 60, 12)[::-1]
    kept = decode_grey(lossless_jpeg(first, 12), 72, 60, 12)
    decode_grey(lossless_jpeg(second, 12), 72, 60, 12)
    np.testing.assert_array_equal(kept, first)


@pytest.mark.parametrize("size", [(72, 61), (71, 60), (60, 72)])
def test_a_stream_of_another_size_is_refused(size, capfd):
    with pytest.raises(ValueError, match="GDCM"):
        decode_grey(lossless_jpeg(film(72, 60, 12), 12), *size, 12)
    capfd.readouterr()  # what GDCM prints


def test_what_is_no_jpeg_is_refused(capfd):
    with pytest.raises(ValueError, match="GDCM"):
        decode_grey(b"\xff\xd8\xff\xd9", 72, 60, 12)
    capfd.readouterr()


@pytest.mark.parametrize("bits", [2, 5, 7])
def test_lossless_jpeg_of_fewer_than_8_bits_is_a_film_and_ends_no_process(bits):
    picture = film(bits=bits)
    low, high = int(picture.min()), int(picture.max())
    radiograph = read(dicom(picture, uid.JPEGLosslessSV1, bits=bits, stream=lossless_jpeg(picture, bits)))
    np.testing.assert_allclose(radiograph.brightness, (picture - low) / (high - low), atol=1e-4)

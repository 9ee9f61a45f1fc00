"""Headers that contradict the pixels: the pixels win, and the record says so."""

import numpy as np
import pytest
from films import LOSSLESS, compressed, dicom, film, read, refusal
from openjpeg.utils import encode_array as encode_j2k
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from xrayscan.decode.flags import Flag
from xrayscan.errors import Code


def alike(brightness, picture):
    return np.corrcoef(brightness.ravel(), np.asarray(picture, np.float64).ravel())[0, 1]


def large_film(bits, noise=0.0):
    """A film whose neighbours are as close as in real ones, whatever its depth; ``noise`` as a share of the range."""
    picture = film(160, 140, bits=16).astype(np.float64) / 65535
    smooth = (picture[:-1, :-1] + picture[1:, :-1] + picture[:-1, 1:] + picture[1:, 1:]) / 4
    smooth += np.random.default_rng(3).normal(0, noise, smooth.shape)
    return np.rint(np.clip(smooth, 0, 1) * ((1 << bits) - 1)).astype(np.uint16)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1]
)
@pytest.mark.parametrize(("used", "said"), [(12, 8), (12, 10), (16, 8), (16, 10), (16, 12), (14, 12)])
@pytest.mark.parametrize("noise", [0, 0.01])
def test_values_deeper_than_bits_stored_keep_their_high_bits(syntax, used, said, noise):
    picture = large_film(used, noise)
    stream = {} if syntax == ExplicitVRLittleEndian else {"stream": compressed(picture, syntax, used)}
    radiograph = read(dicom(picture, syntax, bits=said, **stream))
    assert alike(radiograph.brightness, picture) > 0.9999
    assert Flag.BITS in radiograph.flags


def test_values_deeper_than_bits_stored_survive_a_sign():
    picture = large_film(16).astype(np.int32) - 32768
    radiograph = read(dicom(picture.astype(np.int16), bits=12))
    assert alike(radiograph.brightness, picture) > 0.9999
    assert Flag.BITS in radiograph.flags


@pytest.mark.parametrize("overlay", ["text", "box"])
def test_an_overlay_in_the_unused_bits_is_no_part_of_the_values(overlay):
    picture = large_film(12)
    plane = np.zeros_like(picture)
    plane[20:60, 30:80] = 0x1000 if overlay == "box" else (np.indices((40, 50)).sum(0) % 7 < 2) * 0x8000
    radiograph = read(dicom(picture | plane, bits=12))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture, bits=12)).brightness)
    assert Flag.BITS not in radiograph.flags


def test_padding_outside_the_stored_bits_is_padding():
    picture = large_film(12) // 2 + 500
    padded = picture.copy()
    padded[:30] = 65535
    radiograph = read(dicom(padded, bits=12, PixelPaddingValue=65535))
    assert radiograph.brightness[:30].max() == 0
    np.testing.assert_array_equal(radiograph.brightness[30:], read(dicom(picture[30:], bits=12)).brightness)


def test_a_padding_value_that_no_pixel_can_have_changes_nothing():
    picture = large_film(12)
    data = dicom(picture, bits=12, PixelPaddingValue=63536)
    np.testing.assert_array_equal(read(data).brightness, read(dicom(picture, bits=12)).brightness)


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_unsigned_values_under_a_signed_header_do_not_wrap(bits):
    picture = large_film(bits)
    radiograph = read(dicom(picture, bits=bits, PixelRepresentation=1))
    assert alike(radiograph.brightness, picture) > 0.9999
    assert Flag.SIGN in radiograph.flags


@pytest.mark.parametrize("bits", [12, 16])
def test_signed_values_under_an_unsigned_header_do_not_wrap(bits):
    picture = large_film(bits, 0.002).astype(np.int32) - (1 << (bits - 1))
    radiograph = read(dicom(picture.astype(np.int16), bits=bits, PixelRepresentation=0))
    assert alike(radiograph.brightness, picture) > 0.9999
    assert Flag.SIGN in radiograph.flags


def test_white_markers_on_black_are_no_sign_of_signed_values():
    picture = large_film(12) // 3
    picture[:40] = 0
    picture[5:30:2, 10:120] = 4095
    radiograph = read(dicom(picture, bits=12))
    assert Flag.SIGN not in radiograph.flags
    assert alike(radiograph.brightness, picture) > 0.9999


@pytest.mark.parametrize("said", [0, 1])
def test_the_sign_of_a_jpeg_2000_stream_is_that_of_its_values(said):
    signed = (large_film(16).astype(np.int32) - 32768).astype(np.int16)
    stream = encode_j2k(signed, bits_stored=16, photometric_interpretation=2, use_mct=False)
    radiograph = read(dicom(signed, JPEG2000Lossless, bits=16, stream=stream, PixelRepresentation=said))
    assert alike(radiograph.brightness, signed) > 0.9999
    assert (Flag.SIGN in radiograph.flags) is (said == 0)


def test_right_aligned_values_under_a_header_that_shifts_them_keep_their_low_bits():
    picture = large_film(12)
    radiograph = read(dicom(picture, bits=12, HighBit=15))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture, bits=12)).brightness)
    assert radiograph.flags == (Flag.HIGH_BIT,)


def test_words_whose_bytes_were_swapped_are_swapped_back():
    picture = large_film(12)
    radiograph = read(dicom(picture.byteswap(), bits=12))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture, bits=12)).brightness)
    assert radiograph.flags == (Flag.SYNTAX,)


def test_padding_that_would_cover_the_whole_film_is_none():
    picture = large_film(12)
    radiograph = read(dicom(picture, bits=12, PixelPaddingValue=0, PixelPaddingRangeLimit=4095))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture, bits=12)).brightness)
    assert radiograph.flags == (Flag.PADDING,)


def test_left_aligned_values_under_a_header_that_does_not_shift_them_are_shifted():
    picture = large_film(12)
    window = {"WindowCenter": 2048, "WindowWidth": 4096}
    radiograph = read(dicom(picture << 4, bits=12, **window))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture, bits=12, **window)).brightness)
    assert radiograph.flags == (Flag.HIGH_BIT,)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, *LOSSLESS])
@pytest.mark.parametrize(
    ("missing", "flag"),
    [
        ("PhotometricInterpretation", Flag.PHOTOMETRIC),
        ("SamplesPerPixel", Flag.SAMPLES),
        ("PixelRepresentation", Flag.SIGN),
        ("BitsStored", Flag.BITS),
    ],
)
def test_a_missing_attribute_has_everyones_default(syntax, missing, flag):
    picture = large_film(16)
    radiograph = read(dicom(picture, syntax, bits=16, drop=(missing,)))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture, bits=16)).brightness)
    assert flag in radiograph.flags


def test_all_of_them_may_be_missing_at_once():
    drop = (
        "PhotometricInterpretation",
        "SamplesPerPixel",
        "PixelRepresentation",
        "BitsStored",
        "HighBit",
        "BitsAllocated",
    )
    picture = large_film(16)
    np.testing.assert_array_equal(
        read(dicom(picture, bits=16, drop=drop)).brightness, read(dicom(picture, bits=16)).brightness
    )


def test_rows_and_columns_that_are_missing_are_those_of_the_codestream():
    picture = large_film(12)
    radiograph = read(dicom(picture, JPEG2000Lossless, drop=("Rows", "Columns")))
    assert (radiograph.facts.rows, radiograph.facts.columns) == picture.shape
    assert Flag.SIZE in radiograph.flags


@pytest.mark.parametrize("missing", ["Rows", "BitsAllocated"])
def test_what_has_no_default_is_named(missing):
    data = dicom(film(71, 59, bits=12), drop=(missing,), PixelData=bytes(71 * 59 * 5 + 1))
    error = refusal(data)
    assert error.code is Code.HEADER
    assert missing.lower().replace("bits", "bits ") in str(error).lower()


@pytest.mark.parametrize("written", ["monochrome2", "Monochrome2 ", "MONOCHROME2\0"])
def test_lower_case_and_padding_are_read_as_meant(written):
    plain = read(dicom())
    radiograph = read(dicom(PhotometricInterpretation=written))
    np.testing.assert_array_equal(radiograph.brightness, plain.brightness)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, *LOSSLESS])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT"])
@pytest.mark.parametrize("samples", [1, 3])
def test_colour_on_a_picture_of_one_sample_is_monochrome(syntax, photometric, samples):
    data = dicom(syntax=syntax, PhotometricInterpretation=photometric, SamplesPerPixel=samples)
    radiograph = read(data)
    np.testing.assert_array_equal(radiograph.brightness, read(dicom()).brightness)
    assert Flag.PHOTOMETRIC in radiograph.flags
    assert (Flag.SAMPLES in radiograph.flags) is (samples == 3)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGBaseline8Bit])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_monochrome_on_a_picture_of_three_samples_is_colour(syntax, photometric):
    colour = np.dstack([film(), film() // 2, film() // 3])
    radiograph = read(dicom(colour, syntax, bits=8, PhotometricInterpretation=photometric, SamplesPerPixel=1))
    assert alike(radiograph.brightness, colour @ np.array([0.299, 0.587, 0.114])) > 0.99
    assert {Flag.PHOTOMETRIC, Flag.SAMPLES} <= set(radiograph.flags)


def test_colour_beyond_its_bits_stays_below_one():
    colour = np.dstack([large_film(16)] * 3)
    radiograph = read(dicom(colour, bits=12, BitsAllocated=16))
    assert radiograph.brightness.max() <= 1
    assert alike(radiograph.brightness, colour[..., 0]) > 0.9999


@pytest.mark.parametrize(
    ("said", "is_really"),
    [
        (JPEGLosslessSV1, JPEG2000Lossless),
        (JPEG2000Lossless, JPEGLSLossless),
        (JPEGBaseline8Bit, JPEGLosslessSV1),
        (JPEGLSLossless, RLELossless),
        (ExplicitVRLittleEndian, JPEG2000Lossless),
    ],
)
def test_a_codestream_of_another_kind_than_the_transfer_syntax_is_decoded_as_what_it_is(said, is_really):
    picture = large_film(12)
    data = dicom(picture, is_really)
    radiograph = read(data.replace(*padded_to_same_length(is_really, said)))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture)).brightness)
    assert Flag.SYNTAX in radiograph.flags


def padded_to_same_length(old, new):
    """Return the two UIDs as bytes of one length: NULs at the end are allowed and ignored."""
    longest = max(len(old), len(new))
    if len(new) > len(old):
        pytest.skip("a longer UID does not fit into the place of a shorter one")
    return old.encode().ljust(longest, b"\0"), new.encode().ljust(longest, b"\0")


def test_one_byte_a_pixel_under_a_header_that_allocates_two():
    picture = film(72, 60)
    data = dicom(picture.astype(np.uint16), bits=8, PixelData=picture.tobytes())
    radiograph = read(data)
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(picture, bits=8)).brightness)
    assert Flag.BITS in radiograph.flags


def test_a_preamble_that_was_cut_off_is_put_back():
    data = dicom()
    np.testing.assert_array_equal(read(data[128:]).brightness, read(data).brightness)
    np.testing.assert_array_equal(read(dicom(syntax=JPEG2000Lossless)[128:]).brightness, read(data).brightness)


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "NM", "PT", "MG", "XA", "RF", "PX"])
def test_another_modality_is_set_aside(modality):
    error = refusal(dicom(Modality=modality))
    assert (error.code, error.code.status) == (Code.OTHER_MODALITY, "set aside")
    assert modality in str(error)


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", "OT", "SC", ""])
def test_radiographs_under_any_of_their_names_are_read(modality):
    assert read(dicom(Modality=modality)).brightness.size


def test_a_raw_detector_image_is_set_aside():
    for data in (
        dicom(PresentationIntentType="FOR PROCESSING"),
        dicom(SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1.1"),
    ):
        error = refusal(data)
        assert (error.code, error.code.status) == (Code.RAW_DETECTOR, "set aside")
    assert read(dicom(PresentationIntentType="FOR PRESENTATION")).flags == ()


def test_burned_in_annotation_is_flagged():
    assert Flag.BURNED_IN in read(dicom(BurnedInAnnotation="YES")).flags
    assert read(dicom(BurnedInAnnotation="NO")).flags == ()


def test_a_sound_film_has_no_flag():
    assert read(dicom()).flags == ()

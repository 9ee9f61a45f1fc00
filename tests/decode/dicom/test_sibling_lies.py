"""Lies of a header that look like those already known, and what is made of them."""

import numpy as np
import pytest
from films import dicom, film
from pydicom import uid
from pydicom.dataset import Dataset

from xrayscan.decode import decode
from xrayscan.decode.flags import Flag
from xrayscan.errors import Code, DecodeError

FILM = film(bits=12)


def read(**elements):
    return decode(dicom(FILM, **elements), at_least=8)


def alike(radiograph, picture=FILM):
    return np.corrcoef(radiograph.brightness.ravel(), picture.ravel().astype(float))[0, 1] > 0.999


@pytest.mark.parametrize("width", ["0", "1", "-100", "nan", "inf", "1e-05"])
def test_a_window_of_no_usable_width_gives_way_and_is_flagged(width):
    radiograph = read(WindowCenter="2000", WindowWidth=width)
    assert alike(radiograph)
    assert Flag.WINDOW in radiograph.flags


def test_a_window_that_is_no_number_does_not_hide_the_next_one():
    radiograph = read(WindowCenter=["nan", "2000"], WindowWidth=["nan", "4000"])
    assert radiograph.flags == (Flag.WINDOW,)
    assert radiograph.reading["VOI"] == "window 2000 / 4000 (LINEAR)"


def test_an_unknown_function_of_a_window_is_linear():
    window = {"WindowCenter": 2000, "WindowWidth": 3000}
    expected = read(**window).brightness
    assert np.array_equal(read(**window, VOILUTFunction="ODD").brightness, expected)


@pytest.mark.parametrize("slope", ["nan", "inf"])
def test_a_rescale_that_is_no_number_is_passed_over_and_flagged(slope):
    radiograph = read(RescaleSlope=slope, RescaleIntercept="0")
    assert radiograph.flags == (Flag.RESCALE,)
    assert alike(radiograph)


def test_a_negative_slope_turns_the_values_round():
    assert alike(read(RescaleSlope=-1, RescaleIntercept=0), -FILM.astype(float))


@pytest.mark.parametrize("said", [{"Rows": 36}, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}])
def test_pixel_data_twice_as_long_as_the_header_says_are_no_picture(said):
    with pytest.raises(DecodeError, match="more pixel data") as caught:
        read(**said)
    assert caught.value.code is Code.HEADER


@pytest.mark.parametrize("said", [0, 1])
def test_planes_are_read_as_they_lie(said):
    grey = film(bits=8)
    pixels = np.dstack([grey] * 3)
    held = pixels if said else np.moveaxis(pixels, 2, 0).reshape(pixels.shape)
    radiograph = decode(dicom(np.ascontiguousarray(held), bits=8, PlanarConfiguration=said), at_least=8)
    assert radiograph.flags == (Flag.PLANES,)
    assert alike(radiograph, grey)


def test_a_palette_that_is_missing_is_named():
    with pytest.raises(DecodeError, match="Palette") as caught:
        decode(dicom(film(), bits=8, PhotometricInterpretation="PALETTE COLOR"), at_least=8)
    assert caught.value.code is Code.HEADER


@pytest.mark.parametrize("bits", [12, 14, 16])
def test_words_of_full_depth_whose_bytes_were_swapped_are_swapped_back(bits):
    picture = film(bits=bits)
    radiograph = decode(dicom(picture.byteswap(), bits=16), at_least=8)
    assert alike(radiograph, picture)
    assert radiograph.flags == (Flag.SYNTAX,)


@pytest.mark.parametrize("bits", [17, 20, 32])
@pytest.mark.parametrize("said", [12, 16])
def test_values_of_more_than_16_bits_are_refused_not_cut(bits, said):
    deep = film(bits=16).astype("u4") << (bits - 16) | 1
    with pytest.raises(DecodeError, match=f"{bits} bits stored") as caught:
        decode(dicom(deep, bits=said), at_least=8)
    assert caught.value.code is Code.UNSUPPORTED_VALUES


def test_16_bits_in_words_of_32_are_read():
    picture = film(bits=16)
    assert alike(decode(dicom(picture.astype("u4"), bits=16), at_least=8), picture)


@pytest.mark.parametrize("share", [0.55, 0.8, 0.95, 0.995])
def test_a_range_of_padding_that_takes_most_of_the_film_is_none(share):
    radiograph = read(PixelPaddingValue=0, PixelPaddingRangeLimit=int(np.quantile(FILM, share)))
    assert alike(radiograph)
    assert radiograph.flags == (Flag.PADDING,)


def test_a_wide_margin_of_noise_is_padding():
    picture = np.random.default_rng(5).integers(0, 60, (160, 160)).astype(np.uint16)
    picture[40:112, 50:110] = FILM
    radiograph = decode(dicom(picture, PixelPaddingValue=0, PixelPaddingRangeLimit=60), at_least=8)
    assert radiograph.flags == ()
    assert radiograph.brightness[:40].max() == 0


@pytest.mark.parametrize("rescale", [("1e308", "0"), ("-1e305", "0"), ("1e-320", "0"), ("1", "1e308"), ("1", "1e17")])
def test_a_rescale_that_makes_values_one_or_infinite_is_passed_over_and_flagged(rescale):
    radiograph = read(RescaleSlope=rescale[0], RescaleIntercept=rescale[1])
    assert radiograph.flags == (Flag.RESCALE,)
    assert alike(radiograph)


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless])
def test_rows_and_columns_that_changed_places_are_put_back(bits, syntax):
    picture = film(bits=bits)
    radiograph = decode(dicom(picture, syntax, bits=bits, Rows=60, Columns=72), at_least=8)
    assert radiograph.brightness.shape == (radiograph.facts.rows, radiograph.facts.columns) == (72, 60)
    assert alike(radiograph, picture)
    assert radiograph.flags == (Flag.SIZE,)


@pytest.mark.parametrize("groups", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
def test_an_enhanced_image_of_one_frame_is_shown_as_its_functional_groups_say(groups):
    window, rescale = {"WindowCenter": 1000, "WindowWidth": 3000}, {"RescaleSlope": 2, "RescaleIntercept": -4000}
    expected = read(**window, **rescale)
    group = Dataset()
    group.FrameVOILUTSequence, group.PixelValueTransformationSequence = [item(window)], [item(rescale)]
    radiograph = read(**{groups: [group], "NumberOfFrames": 1})
    assert np.array_equal(radiograph.brightness, expected.brightness)
    assert radiograph.reading["VOI"] == "window 1000 / 3000 (LINEAR)"
    own = read(**{groups: [group], "NumberOfFrames": 1}, WindowCenter=0, WindowWidth=6000)
    assert own.reading["VOI"] == "window 0 / 6000 (LINEAR)"


def item(elements):
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize("syntax", [uid.JPEGLSLossless, uid.JPEGLosslessSV1, uid.JPEG2000Lossless])
@pytest.mark.parametrize("said", [{"BitsStored": 13}, {"BitsStored": 16}, {"PixelRepresentation": 0}])
@pytest.mark.parametrize("more", [{}, {"PixelRepresentation": 0, "BitsStored": 13}, {"PixelRepresentation": 1}])
def test_a_codestream_keeps_its_depth_and_its_sign(syntax, said, more):
    picture = film(bits=14)
    signed = picture.astype(np.int16) - 8852  # half of it lies below zero
    assert alike(decode(dicom(signed, syntax, bits=14, **(said | more)), at_least=8), picture)
    assert alike(decode(dicom(picture, syntax, bits=14, **(said | more)), at_least=8), picture)


def test_one_byte_a_sample_of_a_grey_picture_of_16_bits_is_no_colour():
    with pytest.raises(DecodeError):
        read(SamplesPerPixel=3, BitsAllocated=8, BitsStored=8, HighBit=7)

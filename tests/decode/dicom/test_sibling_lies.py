"""Lies of a header that look like those already known, and what is made of them."""

import numpy as np
import pytest
from films import dicom, film

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

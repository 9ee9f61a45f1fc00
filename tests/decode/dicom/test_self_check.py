"""The decoder doubts a reading that leaves no picture, and takes the next one."""

import numpy as np
import pytest
from films import dicom, film, read, refusal
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLosslessSV1

from xrayscan.decode.flags import Flag
from xrayscan.errors import Code

FILM = film(bits=12)
FULL = (FILM - FILM.min()) / np.ptp(FILM)


def table(entries):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), 0, 12])
    item.add_new(0x00283006, "OW", np.asarray(entries, "<u2").tobytes())
    return item


def is_the_film(radiograph):
    np.testing.assert_allclose(radiograph.brightness, FULL, atol=1e-5)


@pytest.mark.parametrize(
    "entries",
    [np.full(4096, 7), np.full(4096, 4095), np.arange(4096) // 256 * 256],
    ids=["black", "white", "16 levels"],
)
def test_a_table_that_makes_varying_values_constant_or_leaves_fewer_than_32_levels_is_passed_over(entries):
    radiograph = read(dicom(FILM, VOILUTSequence=[table(entries)]))
    is_the_film(radiograph)
    assert radiograph.flags == (Flag.VOI_LUT_UNUSABLE,)


@pytest.mark.parametrize(("centre", "width"), [(40, 400), (127, 255), (5000, 100), (-5000, 100), (2400, 8)])
def test_a_window_that_saturates_more_than_half_of_the_film_is_passed_over(centre, width):
    radiograph = read(dicom(FILM, WindowCenter=centre, WindowWidth=width))
    is_the_film(radiograph)
    assert radiograph.flags == (Flag.WINDOW,)


def test_a_modality_table_that_leaves_fewer_than_32_levels_is_flagged():
    radiograph = read(dicom(FILM, ModalityLUTSequence=[table(np.arange(4096) // 256 * 256)]))
    assert Flag.FEW_LEVELS in radiograph.flags
    assert np.corrcoef(radiograph.brightness.ravel(), FULL.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("number", ["", "0", "1"])
def test_a_number_of_frames_that_says_nothing_is_one(number):
    is_the_film(read(dicom(FILM, NumberOfFrames=number)))


@pytest.mark.parametrize("syntax", [None, JPEGLosslessSV1])
def test_a_number_of_frames_that_promises_more_is_refused_by_its_name(syntax):
    data = dicom(FILM, *([syntax] if syntax else []), NumberOfFrames=2)
    assert refusal(data).code is Code.MULTI_FRAME


def test_a_rescale_slope_of_zero_is_refused_by_its_name():
    error = refusal(dicom(FILM, RescaleSlope=0, RescaleIntercept=0))
    assert (error.code, "rescale slope" in str(error)) == (Code.HEADER, True)


@pytest.mark.parametrize("step", [1, -1])
def test_a_presentation_lut_sequence_belongs_to_printers_and_changes_nothing(step):
    is_the_film(read(dicom(FILM, PresentationLUTSequence=[table(np.arange(4096)[::step])])))

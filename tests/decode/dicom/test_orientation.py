"""A film that its header says lies on its side, upside down or mirrored is turned upright."""

import numpy as np
import pytest
from films import dicom, film

from xrayscan.decode import decode
from xrayscan.decode.flags import Flag

UPRIGHT = film(72, 60, bits=12)
PLAIN = decode(dicom(UPRIGHT), at_least=8).brightness


@pytest.mark.parametrize(
    ("stored", "orientation"),
    [
        (UPRIGHT[:, ::-1], ["R", "F"]),
        (UPRIGHT[::-1], ["L", "H"]),
        (UPRIGHT[::-1, ::-1], ["R", "H"]),
        (np.rot90(UPRIGHT), ["F", "R"]),
        (np.rot90(UPRIGHT, 3), ["H", "L"]),
        (UPRIGHT.T, ["F", "L"]),
        (UPRIGHT.T[::-1, ::-1], ["H", "R"]),
        (UPRIGHT[:, ::-1], ["RP", "FL"]),
        (UPRIGHT[::-1], ["A", "H"]),
    ],
)
def test_patient_orientation_turns_the_film(stored, orientation):
    radiograph = decode(dicom(np.ascontiguousarray(stored), PatientOrientation=orientation), at_least=8)
    np.testing.assert_array_equal(radiograph.brightness, PLAIN)
    assert radiograph.flags == (Flag.UPRIGHT,)
    assert (radiograph.facts.rows, radiograph.facts.columns) == UPRIGHT.shape


@pytest.mark.parametrize(
    "orientation", [["L", "F"], ["P", "F"], ["A", "F"], ["L", "P"], ["", ""], ["X", "Y"], "F", ["F", "H"]]
)
def test_an_upright_film_and_one_of_which_nothing_is_said_stay_as_they_are(orientation):
    radiograph = decode(dicom(UPRIGHT, PatientOrientation=orientation, FieldOfViewRotation=None), at_least=8)
    np.testing.assert_array_equal(radiograph.brightness, PLAIN)
    assert radiograph.flags == ()


@pytest.mark.parametrize(
    ("stored", "rotation", "flip"),
    [
        (np.rot90(UPRIGHT, -1), 90, "NO"),
        (np.rot90(UPRIGHT, -2), 180, "NO"),
        (np.rot90(UPRIGHT, -3), 270, None),
        (UPRIGHT[:, ::-1], 0, "YES"),
        (np.rot90(UPRIGHT, -1)[:, ::-1], 90, "YES"),
    ],
)
def test_rotation_and_flip_of_the_field_of_view_are_undone(stored, rotation, flip):
    elements = {"FieldOfViewRotation": rotation} | ({"FieldOfViewHorizontalFlip": flip} if flip else {})
    radiograph = decode(dicom(np.ascontiguousarray(stored), **elements), at_least=8)
    np.testing.assert_array_equal(radiograph.brightness, PLAIN)
    assert radiograph.flags == (Flag.UPRIGHT,)


def test_patient_orientation_describes_the_stored_picture_and_comes_first():
    data = dicom(UPRIGHT, PatientOrientation=["L", "F"], FieldOfViewRotation=90, FieldOfViewHorizontalFlip="YES")
    np.testing.assert_array_equal(decode(data, at_least=8).brightness, PLAIN)

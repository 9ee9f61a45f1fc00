"""Turning a film upright where the header says that it lies on its side or is mirrored."""

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from xrayscan.decode.dicom.facts import count_of, term

Picture = npt.NDArray[np.float32]

_OPPOSITE = {"H": "F", "F": "H", "L": "R", "R": "L", "A": "P", "P": "A"}


def upright(brightness: Picture, dataset: Dataset) -> tuple[Picture, bool]:
    """Return the film head up and, if frontal, the patient's left on the right; and whether it was turned.

    Patient Orientation says where the rows and the columns of the stored picture lead. Without one, Field of View
    Rotation (clockwise, in degrees) and Horizontal Flip say what was done to the picture, and are undone.
    Source: PS3.3 C.7.6.1.1.1 (Patient Orientation), C.8.11.4 (field of view rotation and flip).
    """
    row, column = _directions(dataset)
    if not row:
        return _undone(brightness, dataset)
    turned = brightness
    if row in "HF":
        turned, row, column = turned.T, column, row
    if column == "H":
        turned = turned[::-1]
    if row == "R":
        turned = turned[:, ::-1]
    return _whole(turned, brightness)


def _directions(dataset: Dataset) -> tuple[str, str]:
    """Return the main direction of rows and columns, one of them head or feet; empty if the header does not say."""
    value = dataset.get("PatientOrientation")
    if not isinstance(value, MultiValue | list) or len(value) != 2:
        return "", ""
    row, column = (term(part)[:1] for part in value)
    axes = [part in "HF" for part in (row, column) if part in _OPPOSITE]
    return (row, column) if len(axes) == 2 and sum(axes) == 1 else ("", "")


def _undone(brightness: Picture, dataset: Dataset) -> tuple[Picture, bool]:
    turned = brightness
    if term(dataset.get("FieldOfViewHorizontalFlip")) == "YES":  # it was flipped after the rotation
        turned = turned[:, ::-1]
    degrees = count_of(dataset, "FieldOfViewRotation")
    if degrees % 90 == 0:
        turned = np.rot90(turned, degrees // 90 % 4)  # counter-clockwise
    return _whole(turned, brightness)


def _whole(turned: Picture, brightness: Picture) -> tuple[Picture, bool]:
    same = turned.shape == brightness.shape and turned.strides == brightness.strides
    return (brightness, False) if same else (np.ascontiguousarray(turned), True)

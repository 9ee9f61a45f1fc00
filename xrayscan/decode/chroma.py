"""How colourful a picture is: grey films stored as colour, and tinted ones, are not."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
NEAR = 4 / 255  # of full brightness: what lossy compression and a few coloured marks leave between equal planes
_CLEARLY = 4  # times nearer
_SIDE = 64  # pixels of the shorter side that are looked at
_GREY_MODES = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def chroma_of(rgb_HW3: npt.NDArray[Any], highest: int = 255) -> float:
    """Return the mean absolute distance of colours from the one tint that depends on brightness alone, in [0, 1].

    0 for grey and, nearly, for a film in sepia or on blue base, whose colour follows its brightness; letters and marks
    in colour cover too little to count; photographs have 0.04 and more.
    ``highest``: the value of full brightness.
    """
    step = max(1, min(rgb_HW3.shape[:2]) // _SIDE)
    seen = rgb_HW3[::step, ::step]
    red = seen[:, :, 0]
    if (red == seen[:, :, 1]).all() and (red == seen[:, :, 2]).all():
        return 0.0
    rgb = seen[:, :, :3].reshape(-1, 3).astype(np.float64) / highest
    luma = rgb @ LUMA
    differences = rgb[:, [0, 2]] - luma[:, np.newaxis]
    tint = np.stack([np.ones_like(luma), luma, luma**2], axis=1)
    fitted = np.linalg.lstsq(tint.T @ tint, tint.T @ differences, rcond=None)[0]
    return float(np.abs(differences - tint @ fitted).mean())


def chroma_of_image(image: Image.Image) -> float:
    """Return the same of a picture of Pillow's."""
    if image.mode in _GREY_MODES:
        return 0.0
    step = max(1, min(image.size) // _SIDE)
    small = image.resize((max(1, image.width // step), max(1, image.height // step)), Image.Resampling.NEAREST)
    return chroma_of(np.asarray(small.convert("RGB")))


def holds_ybr(rgb_HW3: npt.NDArray[np.uint8]) -> bool:
    """Whether planes of 8 bits that should be RGB make a film only as luma and two differences of colour."""
    grey, ybr = colour_distances(rgb_HW3, 8)
    return speaks_against(ybr, grey)


def speaks_against(distance: float, said: float) -> bool:
    """Whether another reading of three planes makes a film of them, and the one that is said does not."""
    return distance <= NEAR and distance * _CLEARLY < said


def colour_distances(samples_HW3: npt.NDArray[Any], depth: int) -> tuple[float, float]:
    """Return how far the planes are from being equal, and the last two from being without colour, of full range."""
    step = max(1, min(samples_HW3.shape[:2]) // _SIDE)
    first, second, third = np.moveaxis(samples_HW3[::step, ::step].astype(np.float64) / ((1 << depth) - 1), 2, 0)
    grey = np.abs(first - second) + np.abs(first - third)
    return float(grey.mean()), float((np.abs(second - 0.5) + np.abs(third - 0.5)).mean())

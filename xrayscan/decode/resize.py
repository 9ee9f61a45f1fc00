"""Radiograph → the small grey pixels that a model takes."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan.model.input_spec import InputSpec


def preprocess(brightness: npt.NDArray[np.float32], spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Resize one radiograph to the square that ``spec`` asks for.

    ``brightness``: float32 (H, W), in [0, 1]. ``spec.resize``: "squash" gives up the aspect ratio, "letterbox" keeps
    it and centres the film on black, "crop" keeps it and takes the centre square.
    Returns: uint8 (spec.side, spec.side), brightness * 255, rounded once at the end.

    The filter is Pillow's bilinear, whose support grows with the reduction (a triangle over two source pixels per
    target pixel): it averages, so a film decoded at half its scale gives nearly the pixels of the full one.
    """
    if spec.resize == "crop":
        brightness = _centre_square(brightness)
    if brightness.shape == (spec.side, spec.side):
        return _as_pixels(brightness)
    image = Image.fromarray(np.ascontiguousarray(brightness, np.float32))
    if spec.resize == "letterbox":
        return _letterboxed(image, spec.side)
    return _as_pixels(np.asarray(image.resize((spec.side, spec.side), Image.Resampling.BILINEAR)))


def _centre_square(brightness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    height, width = brightness.shape
    side = min(height, width)
    upper, left = (height - side) // 2, (width - side) // 2
    return brightness[upper : upper + side, left : left + side]


def _letterboxed(image: Image.Image, side: int) -> npt.NDArray[np.uint8]:
    scale = side / max(image.size)
    width, height = (max(1, min(side, round(length * scale))) for length in image.size)
    pixels = np.zeros((side, side), np.uint8)
    left, upper = (side - width) // 2, (side - height) // 2
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels[upper : upper + height, left : left + width] = _as_pixels(np.asarray(resized))
    return pixels


def _as_pixels(brightness: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    scaled = brightness * np.float32(255)
    np.clip(scaled, 0, 255, out=scaled)
    return np.asarray(np.rint(scaled, out=scaled), np.uint8)

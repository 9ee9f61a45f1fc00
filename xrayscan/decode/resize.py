"""Radiograph → the small grey pixels that a model takes."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan.model.input_spec import InputSpec

_FAR_LARGER = 4  # source rows per row from which reducing the rows first pays


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
    if spec.resize == "letterbox":
        return _letterboxed(brightness, spec.side)
    return _as_pixels(_resized(brightness, spec.side, spec.side))


def _centre_square(brightness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    height, width = brightness.shape
    side = min(height, width)
    upper, left = (height - side) // 2, (width - side) // 2
    return brightness[upper : upper + side, left : left + side]


def _letterboxed(brightness: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.uint8]:
    scale = side / max(brightness.shape)
    height, width = (max(1, min(side, round(length * scale))) for length in brightness.shape)
    pixels = np.zeros((side, side), np.uint8)
    left, upper = (side - width) // 2, (side - height) // 2
    pixels[upper : upper + height, left : left + width] = _as_pixels(_resized(brightness, height, width))
    return pixels


def _resized(brightness: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """Return brightness (height, width) by Pillow's bilinear filter, whose passes over rows and columns are apart: of a
    large film the rows come first, as products of matrices, in a third of the time."""
    if brightness.shape[0] >= _FAR_LARGER * height:
        brightness = _fewer_rows(brightness, height)
    image = Image.fromarray(np.ascontiguousarray(brightness, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _fewer_rows(brightness: npt.NDArray[np.float32], height: int) -> npt.NDArray[np.float32]:
    """Weigh the source rows of each row by a triangle around its centre that reaches as far as it is high."""
    source, scale = len(brightness), len(brightness) / height
    centres = (np.arange(height) + 0.5) * scale
    first = np.floor(centres - scale).astype(np.intp)
    taken = first[:, None] + np.arange(math.ceil(2 * scale) + 1)
    weights = np.maximum(0, 1 - np.abs(taken + 0.5 - centres[:, None]) / scale)
    weights[(taken < 0) | (taken >= source)] = 0
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    rows = np.empty((height, brightness.shape[1]), np.float32)
    for row, start, counts in zip(rows, first.tolist(), weights, strict=True):
        begin, end = max(start, 0), min(start + len(counts), source)
        np.dot(counts[begin - start : end - start], brightness[begin:end], out=row)
    return rows


def _as_pixels(brightness: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    scaled = brightness * np.float32(255)
    np.clip(scaled, 0, 255, out=scaled)
    return np.asarray(np.rint(scaled, out=scaled), np.uint8)

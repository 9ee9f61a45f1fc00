"""Colour in DICOM → brightness by ITU-R BT.601 luma."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from xrayscan.decode.chroma import chroma_of
from xrayscan.decode.dicom.codes import Codes
from xrayscan.decode.grey import next_depth
from xrayscan.errors import Code, DecodeError

Brightness = npt.NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def palette_brightness(dataset: Dataset, codes: Codes, bits: int) -> Brightness:
    """Return brightness (H, W) of codes into the palette of the header. Source: PS3.3 C.7.9.

    Raises: DecodeError if there is no palette.
    """
    if "RedPaletteColorLookupTableDescriptor" not in dataset:
        raise DecodeError(Code.HEADER, "DICOM in palette colour without its palette (RedPaletteColorLookupTable)")
    values = np.arange(1 << bits, dtype=np.uint16)[np.newaxis]
    table = luma(apply_color_lut(values, dataset))[0]
    return np.asarray(table.take(codes), np.float32)


def luma(samples: npt.NDArray[Any], bits: int = 0) -> Brightness:
    """Return brightness (H, W) of RGB (H, W, 3), or of a luma (H, W) of 8 bits; ``bits`` in use, 0 for all.

    Values beyond ``bits`` are the truth, and the depth that they use holds.
    """
    if samples.ndim == 2:
        return _of_255(samples)
    if samples.dtype == np.uint8 and bits in (0, 8):
        return _of_255(np.asarray(Image.fromarray(samples[..., :3]).convert("L")))
    depth = bits or 8 * samples.dtype.itemsize
    if int(samples.max()) >> depth:
        depth = next_depth(int(samples.max()))
    grey = samples[..., :3] @ (_LUMA / np.float32((1 << depth) - 1))
    return np.asarray(np.clip(grey, 0, 1), np.float32)


def chroma(samples: npt.NDArray[Any], bits: int = 0) -> float:
    """Return how colourful RGB (H, W, 3) is, as `luma` reads it; a luma alone has no colour."""
    if samples.ndim == 2:
        return 0.0
    depth = max(bits or 8 * samples.dtype.itemsize, next_depth(int(samples.max())))
    return chroma_of(samples, (1 << depth) - 1)


def _of_255(grey: npt.NDArray[Any]) -> Brightness:
    return np.asarray(np.multiply(grey, np.float32(1 / 255), dtype=np.float32))

"""From stored values to brightness: modality, VOI, photometric interpretation, as one table over all stored values.

A radiograph has at most 65,536 different values and millions of pixels: every step is computed once per value.
MONOCHROME1 mirrors the formula, not its result, so that the two ways of storing one picture agree to the last bit.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi

from xrayscan.errors import DecodeError

Table = npt.NDArray[np.float64]  # one entry per stored value, the smallest value first

_STEPS = 65535  # brightness is rounded to 16 bits, which settles the last bits of the floating-point steps before …
_FINE_STEPS = 1 << 30  # … and to a much finer grid first, for values that lie halfway between two steps


def monochrome_brightness(dataset: Dataset, codes_HW: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.float32]:
    """Return brightness float32 (H, W) in [0, 1], bone bright, of a MONOCHROME1 or MONOCHROME2 image.

    ``codes_HW``: stored values counted from the smallest that the depth allows (0, or -2**(bits-1) if signed).
    The VOI transform is the first VOI LUT, else the first window; a file may hold both as alternatives and the
    standard leaves the choice to the application: the LUT is what the manufacturer shaped for this film. Without
    either, the range of values present, after the modality transform and without padding, becomes 0 to 1.
    Pixel padding is black in both photometric interpretations: it is no part of the film.
    Raises: DecodeError if the transforms in the header make no sense.
    Source: PS3.3 C.11.1 (modality), C.11.2.1.1 (VOI LUT), C.11.2.1.2, C.11.2.1.3 (window and its function),
    C.7.5.1.1.2 (padding).
    """
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated)
    lowest = -(1 << (bits - 1)) if dataset.get("PixelRepresentation") else 0
    stored = np.arange(1 << bits, dtype=np.int64) + lowest
    is_padding = _padding(dataset, stored, bits)
    values = _after_modality(dataset, stored)
    is_inverted = dataset.PhotometricInterpretation.strip() == "MONOCHROME1"
    table = _from_voi_lut(dataset, values, is_inverted)
    if table is None:
        table = _from_window(dataset, values, is_inverted)
    if table is None:
        table = _from_range(values, _present(codes_HW, len(stored)) & ~is_padding, is_inverted)
    table[is_padding] = 0
    snapped = np.rint(np.clip(table, 0, 1) * _FINE_STEPS) / _FINE_STEPS
    rounded = np.rint(snapped * _STEPS) / _STEPS
    return rounded.astype(np.float32).take(codes_HW)


def _after_modality(dataset: Dataset, stored: npt.NDArray[np.int64]) -> Table:
    """Apply the modality LUT, or else rescale slope and intercept."""
    if dataset.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(stored, dataset), np.float64)
    slope, intercept = _number(dataset, "RescaleSlope", 1.0), _number(dataset, "RescaleIntercept", 0.0)
    if slope == 0:
        raise DecodeError("damaged DICOM: its rescale slope is zero")
    return np.asarray(stored * slope + intercept, np.float64)


def _from_voi_lut(dataset: Dataset, values: Table, is_inverted: bool) -> Table | None:
    """Return the first VOI LUT's output over its full range; None if there is none."""
    if not dataset.get("VOILUTSequence"):
        return None
    output = np.asarray(apply_voi(np.rint(values).astype(np.int64), dataset), np.int64)
    depth = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
    highest = max((1 << depth) - 1, int(output.max()), 1)
    return (highest - output if is_inverted else output) / highest


def _from_window(dataset: Dataset, values: Table, is_inverted: bool) -> Table | None:
    """Return the first window's output, from 0 to 1; None if there is none, or one without width."""
    centre, width = _number(dataset, "WindowCenter", math.nan), _number(dataset, "WindowWidth", math.nan)
    function = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    if math.isnan(centre) or not width > 0 or (function == "LINEAR" and width < 1):
        return None
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    distance = centre - values if is_inverted else values - centre
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * distance / width, -700, 700)))
    if width == 0:
        return (distance > 0).astype(np.float64)
    return distance / width + 0.5


def _from_range(values: Table, is_present: npt.NDArray[np.bool_], is_inverted: bool) -> Table:
    """Return the range of the values present, stretched to 0 … 1; black for an image of one value."""
    if not is_present.any():
        return np.zeros_like(values)
    low, high = values[is_present].min(), values[is_present].max()
    if low == high:
        return np.zeros_like(values)
    return np.asarray((high - values if is_inverted else values - low) / (high - low))


def _present(codes_HW: npt.NDArray[np.unsignedinteger], count: int) -> npt.NDArray[np.bool_]:
    is_present = np.zeros(count, np.bool_)
    is_present[codes_HW.ravel()] = True
    return is_present


def _padding(dataset: Dataset, stored: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.bool_]:
    """Tell which stored values are padding: one value, or the range up to its limit (PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if not isinstance(value, int):
        return np.zeros(len(stored), np.bool_)
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = [_as_stored(end, stored, bits) for end in (value, limit if isinstance(limit, int) else value)]
    return (stored >= min(ends)) & (stored <= max(ends))


def _as_stored(value: int, stored: npt.NDArray[np.int64], bits: int) -> int:
    """Read a padding value as the pixels are signed: some writers give its bits with the other sign."""
    if value > stored[-1] and stored[0] < 0:
        return value - (1 << (16 if value >= 1 << bits else bits))
    return value


def _number(dataset: Dataset, keyword: str, default: float) -> float:
    """Return the first value of a decimal string; ``default`` if it is absent, empty or no finite number."""
    try:
        value: Any = dataset.get(keyword)
        number = float(value[0] if isinstance(value, MultiValue) else value)
    except (TypeError, ValueError, IndexError):
        return default
    return number if math.isfinite(number) else default

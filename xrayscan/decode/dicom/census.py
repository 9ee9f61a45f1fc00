"""Which stored values a film uses and how often, and whether a way to show them leaves a picture of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.decode.dicom.codes import Codes

Table = npt.NDArray[np.float64]  # one entry per stored value, the smallest value first
Mask = npt.NDArray[np.bool_]

_SAMPLE = 1 << 17  # pixels: enough to tell shares of the picture
_SATURATED = 1 / 512  # half an 8-bit step from black or white
_FEW_LEVELS, _MANY_VALUES, _DEEP = 32, 128, 10  # of brightness, of stored values, in bits
_FLAT, _SOME_VALUES = 0.1, 16
_TAIL = 0.005  # share of pixels at either end that may be markers and dead pixels


@dataclass(frozen=True, slots=True)
class Census:
    """Pixels per code, padding left out: ``weights`` from a sample, ``present`` from all pixels.

    ``present`` marks at least the smallest and the largest code; all of them if asked for.
    """

    weights: npt.NDArray[np.int64]
    present: Mask
    bits: int

    @property
    def ends(self) -> tuple[int, int]:
        """The smallest and the largest code."""
        first, last = np.flatnonzero(self.present)[[0, -1]]
        return int(first), int(last)

    @property
    def is_one_level(self) -> bool:
        return int(np.count_nonzero(self.present)) < 2

    def is_doubtful(self, table: Table, covered: Mask | None = None) -> bool:
        """Whether brightness by this table is no picture of what the values hold.

        So it is when it is constant, when more than half of the pixels saturate (or lie beyond a lookup table:
        ``covered``), when fewer than 32 levels are left of more than 10 bits, or when all of it lies within a tenth of
        the range. Pixels at the smallest and largest value are not counted as saturated: they can be no brighter.
        """
        used = np.flatnonzero(self.weights)
        weights, brightness = self.weights[used], np.clip(table[used], 0, 1)
        return (
            self._is_saturated(used, weights, brightness, covered)
            or self.has_few_levels(table)
            or (len(used) >= _SOME_VALUES and _spread(brightness, weights) < _FLAT)
            or (len(used) > 1 and float(brightness.max()) == float(brightness.min()))
        )

    def has_few_levels(self, table: Table) -> bool:
        """Whether a deep picture has become a few steps of grey."""
        used = np.flatnonzero(self.weights)
        if self.bits <= _DEEP or len(used) < _MANY_VALUES:
            return False
        levels = np.bincount(np.rint(np.clip(table[used], 0, 1) * 255).astype(np.intp))
        return int(np.count_nonzero(levels)) < _FEW_LEVELS

    def _is_saturated(
        self, used: npt.NDArray[np.intp], weights: npt.NDArray[np.int64], brightness: Table, covered: Mask | None
    ) -> bool:
        lost = (brightness <= _SATURATED) | (brightness >= 1 - _SATURATED)
        if covered is not None:
            lost |= ~covered[used]
        first, last = self.ends
        inner = (used != first) & (used != last)
        return bool(weights[lost & inner].sum() * 2 > weights[inner].sum())


def take_census(codes: Codes, is_padding: Mask, bits: int, *, exactly: bool) -> Census:
    """Count the codes (H, W) of a film. ``exactly``: mark every code that is present, not the ends alone."""
    step = max(1, int(np.ceil(np.sqrt(codes.size / _SAMPLE))))
    weights = np.bincount(codes[::step, ::step].ravel(), minlength=len(is_padding))
    weights[is_padding] = 0
    present = np.zeros(len(is_padding), np.bool_)
    if exactly or is_padding.any():
        for row in codes:
            present[row] = True
        present &= ~is_padding
    else:
        present[[int(codes.min()), int(codes.max())]] = True
    if not weights.any():  # a film smaller than the steps between samples
        weights[present] = 1
    return Census(weights, present, bits)


def bulk(values: Table, census: Census) -> tuple[float, float]:
    """Return the range of values that holds all pixels but the few at either end."""
    used = np.flatnonzero(census.weights)
    return _quantiles(values[used], census.weights[used])


def _spread(brightness: Table, weights: npt.NDArray[np.int64]) -> float:
    low, high = _quantiles(brightness, weights)
    return high - low


def _quantiles(values: Table, weights: npt.NDArray[np.int64]) -> tuple[float, float]:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    ends = np.searchsorted(reached, [_TAIL * reached[-1], (1 - _TAIL) * reached[-1]])
    low, high = values[order][ends]
    return float(low), float(high)

"""A table of brightness over all stored values → the picture: along a straight line by arithmetic, else looked up.

Most films are shown along a straight line, cut off at black and white: arithmetic takes a quarter of the time that
looking up takes, and needs no rounding.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.decode.dicom.census import Mask, Table
from xrayscan.decode.dicom.codes import Codes

Brightness = npt.NDArray[np.float32]

_STEPS = 65535  # brightness is rounded to 16 bits, which settles the last bits of the floating-point steps before …
_FINE_STEPS = 1 << 30  # … and to a much finer grid first, for values that lie halfway between two steps
_BLOCK = 1 << 18  # pixels at once: what is computed between stays in the processor's cache


def shown(table: Table, codes: Codes, ends: tuple[int, int], is_padding: Mask) -> Brightness:
    """Return brightness float32 (H, W) in [0, 1] of codes (H, W): their entry in the table, cut off at 0 and 1.

    ``ends``: the smallest and the largest code of the film. Padding is 0.
    A line is followed itself, within half a step of 16 bits of its table; other tables are rounded to such steps.
    Either way a mirrored table of mirrored codes gives the same bits.
    """
    fine = np.rint(table * _FINE_STEPS) / _FINE_STEPS
    line = _line_of(fine)
    if line and not is_padding.any():
        return line.of(codes, ends)
    if line:
        entries = line.of(np.arange(len(table)), (0, len(table) - 1))
    else:
        entries = (np.rint(np.clip(fine, 0, 1) * _STEPS) / _STEPS).astype(np.float32)
    entries[is_padding] = 0
    return _looked_up(entries, codes)


@dataclass(frozen=True, slots=True)
class _Line:
    """Brightness ``offset`` at the code ``origin``, and ``step`` more at every next one."""

    origin: np.float32
    step: np.float32
    offset: np.float32

    def of(self, codes: npt.NDArray[np.integer], ends: tuple[int, int]) -> Brightness:
        """Return brightness of codes that lie between these ends."""
        reached = (np.array(ends, np.float32) - self.origin) * self.step + self.offset
        is_cut = reached.min() < 0 or reached.max() > 1
        brightness = np.empty(codes.shape, np.float32)
        for block, source in _blocks(brightness, codes):
            block[:] = source
            if self.origin:
                block -= self.origin
            block *= self.step
            if self.offset:
                block += self.offset
            if is_cut:
                np.clip(block, 0, 1, out=block)
        return brightness


def _line_of(table: Table) -> _Line | None:
    """Return the line that a table follows, cut off at 0 and 1; None if it is curved.

    It is measured from the last black code on the dark side, a whole number, which mirroring does not move.
    """
    is_rising = bool(table[0] <= table[-1])
    curve = table if is_rising else table[::-1]
    start = max(int(np.searchsorted(curve, 0, "right")) - 1, 0)
    rise = (curve[-1] - curve[0]) / (len(curve) - 1)
    origin, step = (start, rise) if is_rising else (len(curve) - 1 - start, -rise)
    line = _Line(*np.array([origin, step, curve[start]], np.float32))
    drawn = line.of(np.arange(len(table)), (0, len(table) - 1))
    return line if np.abs(drawn - np.clip(table, 0, 1)).max() * _STEPS <= 0.5 else None


def _looked_up(table: Brightness, codes: Codes) -> Brightness:
    brightness = np.empty(codes.shape, np.float32)
    for block, source in _blocks(brightness, codes):
        table.take(source, out=block, mode="wrap")  # no checks
    return brightness


def _blocks(brightness: Brightness, codes: npt.NDArray[np.integer]) -> Iterator[tuple[Brightness, Codes]]:
    """Yield the same pixels of both, some thousands at a time."""
    flat, source = brightness.reshape(-1), np.ascontiguousarray(codes).reshape(-1)
    for at in range(0, len(flat), _BLOCK):
        yield flat[at : at + _BLOCK], source[at : at + _BLOCK]

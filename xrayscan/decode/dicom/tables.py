"""Lookup tables of a DICOM header, read by what they hold: their descriptors are wrong in many files."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from xrayscan.decode.grey import next_depth

_CLEARLY = 8  # times as often
_WILD = 16  # times through the whole range

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lookup:
    """One table: ``entries`` for the values from ``first`` on; values beyond either end take the entry there."""

    entries: npt.NDArray[np.int64]
    first: int
    highest: int  # entry that means white
    is_repaired: bool  # depth or width is not what the descriptor says

    @property
    def is_wild(self) -> bool:
        """Whether the entries go up and down as no curve of brightness does."""
        return _ways(self.entries) > _WILD

    def index(self, values: Values) -> npt.NDArray[np.int64]:
        """Return each value's place in the table, which may lie beyond its ends."""
        return np.rint(values).astype(np.int64) - self.first

    def covers(self, values: Values) -> npt.NDArray[np.bool_]:
        """Tell which values have an entry of their own."""
        index = self.index(values)
        return (index >= 0) & (index < len(self.entries))

    def take(self, values: Values) -> npt.NDArray[np.int64]:
        """Return the entry of each value."""
        return self.entries[np.clip(self.index(values), 0, len(self.entries) - 1)]


def read_lookup(item: Dataset, *, is_little_endian: bool) -> Lookup | None:
    """Read one item of a Modality or VOI LUT Sequence; None if it has no data, or less than it says.

    An entry has one or two bytes: as many as there are for each, in the order in which they make a curve. White is the
    highest value of the descriptor's depth if the entries fit it and use more than a quarter of it, else of the depth
    that they use.
    Source: PS3.3 C.11.1.1 and C.11.2.1.1 (LUT Descriptor, LUT Data).
    """
    try:
        count, first, depth = (int(number) for number in item.LUTDescriptor)
    except (AttributeError, TypeError, ValueError):
        return None
    count = count % 65536 or 65536
    entries, width = _entries(item, count, depth, is_little_endian)
    if entries is None or not len(entries):
        return None
    is_swapped = width == 2 and _are_swapped(entries)
    if is_swapped:
        entries = entries.astype(np.uint16).byteswap().astype(np.int64)
    used = int(entries.max())
    fits = 1 <= depth <= 16 and used < 1 << depth
    if fits and depth > 8 * width:
        depth = 8 * width
    if not fits or used < 1 << (depth - 2):
        fits, depth = False, next_depth(used)
    return Lookup(entries, first, (1 << depth) - 1, is_swapped or not fits)


def _are_swapped(entries: npt.NDArray[np.int64]) -> bool:
    """Whether the entries go up and down without end, and hardly ever once their bytes change places."""
    return _ways(entries) > _CLEARLY * _ways(entries.astype(np.uint16).byteswap().astype(np.int64))


def _ways(entries: npt.NDArray[np.int64]) -> float:
    """Return how often the entries go their whole range: once, if they only rise or only fall."""
    return float(np.abs(np.diff(entries)).sum()) / max(int(entries.max() - entries.min()), 1)


def overlapping(lookup: Lookup, values: Values, weights: npt.NDArray[np.int64]) -> Lookup:
    """Return the table with the first mapped value under which it covers most of the film.

    The descriptor's value is signed or not by the VR that a writer chose; where the table then misses the film, the
    same bits with the other sign are tried.
    """
    firsts = [
        lookup.first,
        *(lookup.first + shift for shift in (-65536, 65536) if -32768 <= lookup.first + shift < 65536),
    ]
    tables = [Lookup(lookup.entries, first, lookup.highest, lookup.is_repaired) for first in firsts]
    covered = [int(weights[table.covers(values)].sum()) for table in tables]
    best = int(np.argmax(covered))  # the first of equals
    if best == 0:
        return lookup
    return Lookup(lookup.entries, firsts[best], lookup.highest, True)


def _entries(item: Dataset, count: int, depth: int, is_little_endian: bool) -> tuple[npt.NDArray[np.int64] | None, int]:
    """Return the entries and the bytes of each; None if there are too few."""
    value = item.get("LUTData")
    order = "<" if is_little_endian else ">"
    if isinstance(value, bytes):
        data = value
    elif value is None or isinstance(value, str):
        return None, 0
    else:  # US or SS: words that pydicom has read
        data = (np.atleast_1d(np.asarray(value, np.int64)) & 0xFFFF).astype(order + "u2").tobytes()
    width = 2 if len(data) >= 2 * count else 1
    is_cut = width == 1 and len(data) > count + 1 and depth > 8  # words, but fewer than there should be
    if is_cut or len(data) < count * width:
        return None, 0
    dtype = order + "u2" if width == 2 else "u1"
    return np.frombuffer(data, dtype, count).astype(np.int64), width

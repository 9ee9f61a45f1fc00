"""From stored values to brightness: modality, VOI, photometric interpretation, as one table over all stored values.

A radiograph has at most 65,536 different values and millions of pixels: every step is computed once per value.
MONOCHROME1 mirrors the formula, not its result, so that the two ways of storing one picture agree to the last bit.
Headers may hold several VOI transforms, and wrong ones: each is tried in turn until one gives a picture.
"""

import math
from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset

from xrayscan.decode.dicom.census import Census, Mask, Table, bulk, take_census
from xrayscan.decode.dicom.codes import Stored
from xrayscan.decode.dicom.facts import term
from xrayscan.decode.dicom.layout import Layout
from xrayscan.decode.dicom.shown import shown
from xrayscan.decode.dicom.tables import Lookup, overlapping, read_lookup
from xrayscan.decode.flags import Flag
from xrayscan.errors import Code, DecodeError

_SOME_VALUES, _SAMPLE = 16, 1 << 17  # that make a picture; pixels that tell shares
_OFTEN = 4  # times as many pixels as its neighbours: a value that stands out


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to show the values: ``table`` gives brightness, below 0 and above 1 where it saturates."""

    name: str  # for people
    table: Table
    covered: Mask | None = None  # values with an entry of their own in a lookup table
    flags: tuple[Flag, ...] = ()
    doubt: Flag | None = None  # raised when this reading is passed over


def monochrome_brightness(
    dataset: FileDataset, layout: Layout, stored: Stored
) -> tuple[npt.NDArray[np.float32], list[Flag], dict[str, str]]:
    """Return brightness float32 (H, W) in [0, 1], bone bright, of a MONOCHROME1 or MONOCHROME2 image.

    The VOI transform is the first VOI LUT, else the first window, that leaves a picture; a file may hold several as
    alternatives and the standard leaves the choice to the application: the LUT is what the manufacturer shaped for
    this film. Without any, the range of values present, after the modality transform and without padding, becomes 0
    to 1. Pixel padding is black in both photometric interpretations: it is no part of the film.
    Returns also the flags and how the values were read.
    Source: PS3.3 C.11.1 (modality), C.11.2.1.1 (VOI LUT), C.11.2.1.2, C.11.2.1.3 (window and its function), C.11.6
    (Presentation LUT Shape), C.7.5.1.1.2 (padding).
    """
    flags: list[Flag] = []
    numbers = np.arange(1 << stored.bits, dtype=np.int64) + stored.lowest
    is_padding = _padding(dataset, numbers, stored)
    exactly = bool(dataset.get("ModalityLUTSequence"))
    census = take_census(stored.codes, is_padding, stored.bits, exactly=exactly)
    if not census.present.any() or _is_film(is_padding, stored):
        is_padding[:] = False
        census = take_census(stored.codes, is_padding, stored.bits, exactly=exactly)
        flags = [Flag.PADDING]
    values, repaired = _after_modality(dataset, numbers, census)
    flags += repaired
    is_inverted, contradicts = polarity(dataset, layout)
    if census.is_one_level:
        reading = _Reading("one value", np.zeros_like(values), flags=(Flag.ONE_LEVEL,))
    else:
        reading = _first_picture(dataset, values, census, is_inverted)
    brightness = shown(reading.table, stored.codes, census.ends, is_padding)
    flags += [*reading.flags, *([Flag.POLARITY] if contradicts else [])]
    notes = {"VOI": reading.name, "polarity": "inverted" if is_inverted else "as stored"}
    if is_padding.any():
        ends = numbers[is_padding][[0, -1]].tolist()
        notes["padding"] = str(ends[0]) if ends[0] == ends[1] else f"{ends[0]} … {ends[1]}"
    return brightness, flags, notes


def polarity(dataset: Dataset, layout: Layout) -> tuple[bool, bool]:
    """Return whether low values are bright, and whether the header contradicts itself about it.

    Presentation LUT Shape, where there is one, is the last word, as in dcmtk and dcm4che; in a DX image it is INVERSE
    if and only if the photometric interpretation is MONOCHROME1 (PS3.3 C.8.11.3.1).
    """
    is_first = layout.photometric == "MONOCHROME1"
    shape = term(dataset.get("PresentationLUTShape"))
    is_inverse = {"INVERSE": True, "IDENTITY": False}.get(shape, is_first)
    return is_inverse, is_inverse != is_first


def words_of_padding(dataset: Dataset) -> tuple[int, ...]:
    """Return the value of padding as it stands in the pixel data, if the header names one."""
    value = dataset.get("PixelPaddingValue")
    return (value,) if isinstance(value, int) else ()


def _first_picture(dataset: FileDataset, values: Table, census: Census, is_inverted: bool) -> _Reading:
    """Return the first reading that leaves a picture, flagged with those that were passed over."""
    passed: list[Flag] = []
    for reading in _readings(dataset, values, census, is_inverted):
        if not census.is_doubtful(reading.table, reading.covered):
            return _Reading(reading.name, reading.table, flags=(*passed, *reading.flags))
        if reading.doubt:
            passed.append(reading.doubt)
    few = (Flag.FEW_LEVELS,) if census.has_few_levels(reading.table) else ()
    whole = _from_range(values, _ends(values, census), is_inverted)
    return _Reading(whole.name, whole.table, flags=(*passed, *few))


def _readings(dataset: FileDataset, values: Table, census: Census, is_inverted: bool) -> Iterator[_Reading]:
    yield from _lookups(dataset, values, census, is_inverted)
    yield from _windows(dataset, values, is_inverted)
    yield _from_range(values, _ends(values, census), is_inverted)
    low, high = bulk(values, census)
    if low < high:
        cut = _from_range(values, (low, high), is_inverted)
        yield _Reading(cut.name, cut.table, flags=(Flag.OUTLIERS,))


def _after_modality(dataset: FileDataset, numbers: npt.NDArray[np.int64], census: Census) -> tuple[Table, list[Flag]]:
    """Apply the modality LUT, or else rescale slope and intercept; one that would leave no picture is passed over."""
    stored = numbers.astype(np.float64)
    flags: list[Flag] = []
    for item in _items(dataset, "ModalityLUTSequence"):
        lookup = read_lookup(item, is_little_endian=_is_little(dataset))
        lookup = lookup and overlapping(lookup, stored, census.weights)
        if lookup and _serves(lookup, stored, census):
            return lookup.take(stored).astype(np.float64), [*flags, *([Flag.RESCALE] if lookup.is_repaired else [])]
        flags = [Flag.RESCALE]
    slope, intercept = _number(dataset, "RescaleSlope", 1.0), _number(dataset, "RescaleIntercept", 0.0)
    if slope == 0:
        raise DecodeError(Code.HEADER, "damaged DICOM: its rescale slope is zero")
    with np.errstate(over="ignore"):
        values = np.asarray(stored * slope + intercept, np.float64)
        steps = np.abs(np.diff(values))
    if not np.isfinite(values).all() or float(steps.min()) < np.finfo(np.float64).tiny:  # values would become one
        return stored, [Flag.RESCALE]
    return values, flags


def _serves(lookup: Lookup, stored: Table, census: Census) -> bool:
    """Whether a modality LUT has entries for most of the film, and more than one of them."""
    seen = lookup.take(stored)[census.weights > 0]
    covered = census.weights[lookup.covers(stored)].sum() * 2 > census.weights.sum()
    return bool(covered and not lookup.is_wild and (seen.min() < seen.max() or census.is_one_level))


def _lookups(dataset: FileDataset, values: Table, census: Census, is_inverted: bool) -> Iterator[_Reading]:
    """Yield each VOI LUT's output over its full range; one that cannot be read is no picture."""
    for number, item in enumerate(_items(dataset, "VOILUTSequence"), 1):
        lookup = read_lookup(item, is_little_endian=_is_little(dataset))
        if lookup is None or lookup.is_wild:
            yield _Reading("VOI LUT", np.zeros_like(values), doubt=Flag.VOI_LUT_UNUSABLE)
            continue
        lookup = overlapping(lookup, values, census.weights)
        output = lookup.take(values)
        table = (lookup.highest - output if is_inverted else output) / lookup.highest
        name = f"VOI LUT {number}: {len(lookup.entries)} entries from {lookup.first}"
        flags = (Flag.VOI_LUT,) if lookup.is_repaired else ()
        yield _Reading(name, table, lookup.covers(values), flags, Flag.VOI_LUT_UNUSABLE)


def _windows(dataset: Dataset, values: Table, is_inverted: bool) -> Iterator[_Reading]:
    """Yield each window's output, from 0 to 1; one without width is no picture."""
    function = term(dataset.get("VOILUTFunction")) or "LINEAR"
    function = {"LINEAREXACT": "LINEAR_EXACT", "SIGMOID": "SIGMOID"}.get(function, "LINEAR")
    for centre, width in zip(_numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth"), strict=False):
        name = f"window {centre:g} / {width:g} ({function})"
        if not (width > 0 and math.isfinite(centre)) or (function == "LINEAR" and width < 1):
            yield _Reading(name, np.zeros_like(values), doubt=Flag.WINDOW)
        else:
            yield _Reading(name, _windowed(values, centre, width, function, is_inverted), doubt=Flag.WINDOW)


def _windowed(values: Table, centre: float, width: float, function: str, is_inverted: bool) -> Table:
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    distance = centre - values if is_inverted else values - centre
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * distance / width, -700, 700))))
    if width == 0:
        return (distance > 0).astype(np.float64)
    return distance / width + 0.5


def _ends(values: Table, census: Census) -> tuple[float, float]:
    present = values[census.present]
    return float(present.min()), float(present.max())


def _from_range(values: Table, ends: tuple[float, float], is_inverted: bool) -> _Reading:
    """Return this range of values, stretched to 0 … 1."""
    low, high = ends
    span = max(high - low, np.finfo(np.float64).tiny)
    return _Reading(f"range {low:g} … {high:g}", np.asarray((high - values if is_inverted else values - low) / span))


def _padding(dataset: Dataset, numbers: npt.NDArray[np.int64], stored: Stored) -> Mask:
    """Tell which stored values are padding: one value, or the range up to its limit (PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if not isinstance(value, int):
        return np.zeros(len(numbers), np.bool_)
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = [_as_stored(end, stored) for end in (value, limit if isinstance(limit, int) else value)]
    return np.asarray((numbers >= min(ends)) & (numbers <= max(ends)))


def _is_film(is_padding: Mask, stored: Stored) -> bool:
    """Whether what is called padding are pixels of the film.

    Padding is a level of its own or a little noise: not a range of many pixels that differ widely, nor values amid
    others that are no more frequent than those.
    """
    if not is_padding.any():
        return False
    pixels = np.bincount(stored.codes.ravel()[:: max(1, stored.codes.size // _SAMPLE)], minlength=len(is_padding))
    used, padded = np.flatnonzero(pixels), np.flatnonzero(pixels * is_padding)
    if not len(padded):
        return False
    spread = int(padded[-1] - padded[0])
    is_wide = len(padded) >= _SOME_VALUES and spread * 4 > used[-1] - used[0]
    if is_wide and pixels[padded].sum() * 4 > pixels.sum():
        return True
    first, last = np.flatnonzero(is_padding)[[0, -1]]
    reach = max(2, int(last - first) // 2)
    below, above = pixels[max(0, first - reach) : first], pixels[last + 1 : last + 1 + reach]
    often = _OFTEN * (below.sum() + above.sum()) / (2 * reach)
    return bool(below.any() and above.any() and pixels[padded].sum() <= often * np.count_nonzero(is_padding))


def _as_stored(value: int, stored: Stored) -> int:
    """Read a padding value as the pixels are signed and cut: some writers give its bits with the other sign."""
    size, lowest = 1 << stored.bits, stored.lowest
    is_foreign = stored.is_signed and value >= size + lowest
    return (value - lowest) % size + lowest if is_foreign or stored.has_deep_padding else value


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    sequence = dataset.get(keyword)
    return [item for item in sequence if isinstance(item, Dataset)] if isinstance(sequence, MutableSequence) else []


def _is_little(dataset: FileDataset) -> bool:
    return dataset.original_encoding[1] is not False


def _number(dataset: Dataset, keyword: str, default: float) -> float:
    """Return the first value of a decimal string, NaN if it is no finite number; ``default`` if it is absent."""
    return next(iter(_numbers(dataset, keyword)), default)


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    """Return the values of a decimal string, each in its place; NaN for one that is no finite number."""
    try:
        value = dataset.get(keyword)
    except (TypeError, ValueError):
        return [math.nan]
    parts = value if isinstance(value, MutableSequence) else [] if value is None or value == "" else [value]
    return [_finite(part) for part in parts]


def _finite(part: object) -> float:
    try:
        number = float(str(part))
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan

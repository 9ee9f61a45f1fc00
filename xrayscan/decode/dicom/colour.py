"""Colour in DICOM → brightness by ITU-R BT.601 luma. What the planes hold decides where the header contradicts them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, convert_color_space

from xrayscan.decode.chroma import LUMA, NEAR, chroma_of, colour_distances, speaks_against
from xrayscan.decode.dicom.codes import Stored, are_columns
from xrayscan.decode.dicom.layout import Layout
from xrayscan.decode.dicom.tables import read_lookup
from xrayscan.decode.flags import Flag
from xrayscan.decode.grey import are_swapped, next_depth
from xrayscan.errors import Code, DecodeError

Brightness = npt.NDArray[np.float32]
Samples = npt.NDArray[Any]  # (H, W, 3), as stored: RGB, or luma and two differences of colour

_LUMA = LUMA.astype(np.float32)
_SIDE = 64  # pixels of the shorter side that are looked at
_COLOURS = ("Red", "Green", "Blue")


def palette_brightness(dataset: Dataset, stored: Stored) -> tuple[Brightness, float]:
    """Return brightness (H, W) of codes into the palette of the header, and how colourful it is. Source: PS3.3 C.7.9.

    Raises: DecodeError if there is no palette, or none that can be read.
    """
    if "RedPaletteColorLookupTableDescriptor" not in dataset:
        raise DecodeError(Code.HEADER, "DICOM in palette colour without its palette (RedPaletteColorLookupTable)")
    values = np.arange(1 << stored.bits) + stored.lowest
    if "RedPaletteColorLookupTableData" in dataset:
        table = _palette(dataset, values.astype(np.float64))
    else:  # segmented
        entries = apply_color_lut(values.astype(np.uint16)[np.newaxis], dataset)[0]
        table = np.asarray(entries / np.iinfo(entries.dtype).max, np.float32)
    step = max(1, min(stored.codes.shape) // _SIDE)
    brightness = np.asarray((table @ _LUMA).clip(0, 1), np.float32).take(stored.codes)
    return brightness, chroma_of(table[stored.codes[::step, ::step]], 1)


def _palette(dataset: Dataset, values: npt.NDArray[np.float64]) -> Brightness:
    """Return red, green and blue of each value, of 1; white is one entry for all three tables."""
    tables = []
    for colour in _COLOURS:
        item, name = Dataset(), f"{colour}PaletteColorLookupTable"
        item.LUTDescriptor, item.LUTData = dataset.get(f"{name}Descriptor"), dataset.get(f"{name}Data")
        table = read_lookup(item, is_little_endian=dataset.original_encoding[1] is not False)
        if table is None:
            raise DecodeError(Code.HEADER, f"DICOM in palette colour with a palette that cannot be used ({name})")
        tables.append(table)
    highest = max(table.highest for table in tables)
    return np.stack([table.take(values) for table in tables], axis=-1).astype(np.float32) / np.float32(highest)


def luma(samples: Samples, layout: Layout) -> tuple[Brightness, float, list[Flag]]:
    """Return brightness (H, W) of three samples a pixel, or of a luma (H, W) of 8 bits; how colourful; and flags.

    Values beyond the bits that the header names are the truth, and 16 of them that use fewer are of the depth that
    they use. The luma of YBR is its first plane.
    """
    if samples.ndim == 2:
        return _of_255(samples), layout.colourful, []
    samples, found = _in_order(*_unsigned(samples), layout)
    depth = min(layout.stored, (layout.stream and layout.stream.precision) or layout.stored)
    if depth >= 16 or int(samples.max()) >> depth:
        depth = next_depth(int(samples.max()))
    samples, is_ybr, flags = _as_held(samples, layout, depth)
    if is_ybr:
        brightness = np.asarray(samples[..., 0] / np.float32((1 << depth) - 1), np.float32)
    elif samples.dtype == np.uint8 and depth == 8:
        brightness = _of_255(np.asarray(Image.fromarray(samples).convert("L")))
    else:
        brightness = samples @ (_LUMA / np.float32((1 << depth) - 1))
    return np.asarray(brightness.clip(0, 1), np.float32), _chroma(samples, depth, is_ybr), found + flags


def _unsigned(samples: Samples) -> tuple[Samples, list[Flag]]:
    """Return samples without a sign, which colour never has (PS3.3 C.7.6.3.1.2)."""
    if samples.dtype.kind != "i":
        return samples, []
    return samples.view(samples.dtype.str.replace("i", "u")), [Flag.SIGN]


def _in_order(samples: Samples, flags: list[Flag], layout: Layout) -> tuple[Samples, list[Flag]]:
    """Return samples whose bytes, or rows and columns, had changed places as they should be, with further flags."""
    if are_swapped(samples):
        samples, flags = samples.byteswap(), [*flags, Flag.SYNTAX]
    if layout.has_no_size and are_columns(samples[..., 0]):
        planes = [plane.reshape(plane.shape[::-1]) for plane in np.moveaxis(samples, 2, 0)]
        samples, flags = np.stack(planes, axis=-1), [*flags, Flag.SIZE]
    return samples, flags


def _chroma(samples: Samples, depth: int, is_ybr: bool) -> float:
    step = max(1, min(samples.shape[:2]) // _SIDE)
    seen = samples[::step, ::step]
    if is_ybr:
        bytes_ = np.asarray(seen >> (depth - 8), np.uint8)
        return chroma_of(convert_color_space(bytes_, "YBR_FULL", "RGB"))
    return chroma_of(seen, (1 << depth) - 1)


def _as_held(samples: Samples, layout: Layout, depth: int) -> tuple[Samples, bool, list[Flag]]:
    """Return the samples, whether they are luma and differences of colour, and where the header says otherwise.

    A film has no colour: its planes are equal, or the differences are. Only what makes a film of the samples speaks
    against the header.
    """
    flags: list[Flag] = []
    grey, ybr = colour_distances(samples, depth)
    if min(grey, ybr) > NEAR:
        other = _other_planes(samples, layout.planar)
        if min(colour_distances(other, depth)) <= NEAR:
            samples, flags = np.ascontiguousarray(other), [Flag.PLANES]
            grey, ybr = colour_distances(samples, depth)
    said = layout.is_ybr
    against, for_it = (grey, ybr) if said else (ybr, grey)
    is_other = speaks_against(against, for_it)
    return samples, said != is_other, [*flags, *([Flag.PHOTOMETRIC] if is_other else [])]


def _other_planes(samples: Samples, planar: int) -> Samples:
    """Return the same bytes with the other planar configuration."""
    rows, columns = samples.shape[:2]
    if planar:
        return np.moveaxis(samples, 2, 0).reshape(rows, columns, 3)
    return np.moveaxis(samples.reshape(3, rows, columns), 0, 2)


def _of_255(grey: npt.NDArray[Any]) -> Brightness:
    return np.asarray(np.multiply(grey, np.float32(1 / 255), dtype=np.float32))

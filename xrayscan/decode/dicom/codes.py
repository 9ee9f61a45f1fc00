"""Depth and sign of stored values, told by the values where the header cannot be true.

Neighbouring pixels of a film are alike. Read at too few bits, a film has contour lines where values wrap; with the
wrong sign it has them at mid-grey; with an overlay in the unused bits it has jumps that the bits below do not have.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.decode.dicom.layout import Layout
from xrayscan.decode.flags import Flag
from xrayscan.decode.grey import are_swapped, next_depth
from xrayscan.errors import Code, DecodeError

Codes = npt.NDArray[np.unsignedinteger[Any]]

_ROWS = 64  # of pairs that are compared
_FEW_ROWS = 16
_CLEARLY = 3  # times smoother
_ROUGH = 0.5  # mean step over spread: 1.15 in white noise, less than 0.1 in a film
_FEW_PAIRS = 32
_FEW_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Stored:
    """Stored values (H, W) as codes: counted from the smallest that the depth allows, so that order is kept."""

    codes: Codes
    bits: int
    is_signed: bool
    flags: tuple[Flag, ...] = ()
    has_deep_padding: bool = False  # padding used bits that the film does not, and was cut with them

    @property
    def lowest(self) -> int:
        """The value that code 0 stands for."""
        return -(1 << (self.bits - 1)) if self.is_signed else 0


def read_codes(values: npt.NDArray[Any], layout: Layout, padding: tuple[int, ...]) -> Stored:
    """Return the values of a one-sample image with the depth and the sign that hold.

    ``padding``: words that are no part of the film, if any.
    Source: PS3.5 section 8.1.1 (bits allocated, bits stored, high bit).
    """
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    words = _sign_extended(native.view(f"u{native.dtype.itemsize}"), layout)
    top = int(words.max())
    shift, bits, flags = _place(words, layout, top)
    if layout.has_no_size and are_columns(words):
        words, flags = words.reshape(words.shape[::-1]), (*flags, Flag.SIZE)
    is_deep = bool(top >> shift >> bits)
    if shift:
        words = words >> shift
    elif is_deep and _fit_swapped(words, bits):
        words, is_deep, flags = words.byteswap(), False, (*flags, Flag.SYNTAX)
    elif bits > 8 and are_swapped(words):
        words, flags = words.byteswap(), (*flags, Flag.SYNTAX)
    if is_deep:
        signs = (layout.is_signed,) if layout.stream is None else (False, True)  # no overlay lies in a codestream
        if _exceeds(words, bits, layout.is_signed, padding) and any(_are_values(words, bits, sign) for sign in signs):
            _check_depth(words)
            bits, is_deep = _depth_of(words, layout.is_signed), False
            flags = (*flags, Flag.BITS)
        words = words & words.dtype.type((1 << bits) - 1)
    if words.dtype.itemsize > 2:
        words = words.astype(np.uint16)
    is_signed = _sign(words, bits, layout.is_signed)
    if is_signed != layout.is_signed:
        flags = (*flags, Flag.SIGN)
    codes = words ^ words.dtype.type(1 << (bits - 1)) if is_signed else words
    return Stored(codes, bits, is_signed, flags, is_deep and bool(padding))


def _sign_extended(words: Codes, layout: Layout) -> npt.NDArray[Any]:
    """Return signed values of a codestream that knows no sign in whole words: those below zero have all bits above."""
    precision = layout.stream.precision if layout.stream else 0
    if not 0 < precision < 8 * words.dtype.itemsize or int(words.max()) >> precision:
        return words
    if not _sign(words, precision, layout.is_signed):
        return words
    sign = words.dtype.type(1 << (precision - 1))
    return (words ^ sign) - sign


def _place(words: Codes, layout: Layout, top: int) -> tuple[int, int, tuple[Flag, ...]]:
    """Return how far the values, at most ``top``, lie above bit 0, and their depth: some headers describe values that
    were moved."""
    bits = min(layout.stored, 8 * words.dtype.itemsize)
    shift, unused = layout.high_bit + 1 - layout.stored, layout.allocated - layout.stored
    if shift and top < 1 << bits:
        return 0, bits, (Flag.HIGH_BIT,)
    fills_the_top = layout.stream is None and unused > 0 and top.bit_length() == layout.allocated
    if not shift and fills_the_top and not (words & ((1 << unused) - 1)).any():
        return unused, bits, (Flag.HIGH_BIT,)
    return shift, bits, ()


def _fit_swapped(words: Codes, bits: int) -> bool:
    """Whether every value fits the depth once its two bytes change places: so they were written, whatever is said."""
    return words.dtype.itemsize == 2 and not int(words.byteswap().max()) >> bits


def are_columns(words: Codes) -> bool:
    """Whether the rows fit each other only once the header's rows and columns change places."""
    return words.shape[0] != words.shape[1] and _steps(words) > _CLEARLY * _steps(words.reshape(words.shape[::-1]))


def _steps(words: Codes) -> float:
    """Return the mean step from some rows to the next; beyond any where there is no next."""
    upper = np.arange(0, len(words) - 1, -(-len(words) // _FEW_ROWS))
    return float(np.abs(words[upper + 1].astype(np.int64) - words[upper]).mean()) if len(upper) else math.inf


def _check_depth(words: Codes) -> None:
    if depth := max(0, int(words.max()).bit_length() - 16):
        raise DecodeError(Code.UNSUPPORTED_VALUES, f"DICOM with {16 + depth} bits stored per pixel is not supported")


def _exceeds(words: Codes, bits: int, is_signed: bool, padding: tuple[int, ...]) -> bool:
    """Whether values other than padding do not fit the depth, neither as they are nor with their sign extended."""
    for word in padding:
        words = words[words != words.dtype.type(word % (1 << 8 * words.dtype.itemsize))]
    if not words.size:
        return False
    if is_signed:
        signed = words.view(f"i{words.dtype.itemsize}")
        if -(1 << (bits - 1)) <= int(signed.min()) and int(signed.max()) < 1 << (bits - 1):
            return False
    return bool(int(words.max()) >> bits)


def _are_values(words: Codes, bits: int, is_signed: bool) -> bool:
    """Whether the bits above the depth belong to the values: the picture is a film with them, not without."""
    modulus = 1 << bits
    native = words.view(f"i{words.dtype.itemsize}") if is_signed else words
    left, right = (side.astype(np.int64) + (modulus // 2 if is_signed else 0) for side in _pairs(native))
    whole, cut = np.abs(left - right), np.abs(left % modulus - right % modulus)
    differ = left // modulus != right // modulus
    if not differ.any():
        return False
    if not cut.any():
        return True
    if float(np.mean(cut)) > _ROUGH * max(float(np.std(left % modulus)), 1e-9):
        return True
    return bool(np.mean(whole[differ] < cut[differ]) > 0.5)


def _depth_of(words: Codes, is_signed: bool) -> int:
    if not is_signed:
        return next_depth(int(words.max()))
    signed = words.view(f"i{words.dtype.itemsize}")
    return next_depth(2 * max(int(signed.max()), -int(signed.min()) - 1))


def _sign(words: Codes, bits: int, is_signed: bool) -> bool:
    """Return the sign under which the values do not jump; the header's unless the other is clearly right."""
    left, right = _pairs(words)
    middle = 1 << (bits - 1)
    crosses = (left >= middle) != (right >= middle)
    if int(np.count_nonzero(crosses)) < _FEW_PAIRS:
        return is_signed
    low, high = np.minimum(left[crosses], right[crosses]), np.maximum(left[crosses], right[crosses])
    step = float(np.median(high - low))  # of unsigned values; of signed ones it is the rest to the modulus
    if is_signed:
        return step > middle / 8
    # a jump alone is also black against white
    return 2 * middle - step < middle / 8 and all(len(np.unique(side)) >= _FEW_LEVELS for side in (low, high))


def _pairs(words: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return horizontal neighbours in a sample of rows."""
    sample = words[:: max(1, -(-words.shape[0] // _ROWS))]
    return sample[:, :-1].ravel(), sample[:, 1:].ravel()

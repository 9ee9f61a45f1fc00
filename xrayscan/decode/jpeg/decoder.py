"""JPEG files → brightness, at the smallest scale that is large enough. Half a JPEG is refused, never guessed.

libjpeg fills what is missing with grey and calls it a warning. simplejpeg's strict mode turns every warning into a
refusal, which also refuses complete films with a few stray bytes between two markers: those are mended (see
``jpeg.stream``) and must then pass strictly.
"""

import re
from itertools import islice

import numpy as np
import numpy.typing as npt
import simplejpeg

from xrayscan.decode.chroma import chroma_of, holds_ybr
from xrayscan.decode.flags import Flag
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.jpeg import checks, stream
from xrayscan.decode.jpeg.stream import Stream
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError
from xrayscan.store.record import Facts

_MAX_MENDS = 2  # a film mended more often is not "complete with a few stray bytes"
_MAX_PLACES = 16  # where the stray bytes may be: the markers repeat (eight restart markers, progressive scans)
_NO_END = "Premature end of JPEG file"  # no end marker, so nobody knows what else is missing
_EXTRANEOUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0x([0-9a-f]{2})")


def decode_jpeg(data: bytes, *, at_least: int, limits: Limits) -> Radiograph:
    """Read one JPEG file: grey, colour or CMYK; baseline, extended (8 bit) or progressive; EXIF orientation applied.

    ``at_least``: pixels; the DCT scale (1/8 … 8/8) is the smallest whose two sides both reach it, 8/8 if none does.
    Returns: brightness float32 (H, W), no unit, in [0, 1], value / 255; colour by ITU-R BT.601 luma, which is the Y
    channel as stored, unless the planes are seen to be luma and differences of colour themselves.
    Raises: DecodeError for what is truncated, damaged, arithmetic-coded, 12-bit or hierarchical.
    Source: ITU-T T.81 (JPEG); Exif 2.32 section 4.6.4 (orientation).
    """
    parsed = stream.read_stream(data)
    stream.check_process(parsed.frame)
    stored, colourful, flags = film_of(parsed, at_least, limits)
    grey = _turned(stored, parsed.orientation)
    rows, columns = parsed.frame.size[::-1] if parsed.orientation >= 5 else parsed.frame.size
    brightness = np.multiply(grey, np.float32(1 / 255), dtype=np.float32)
    facts = Facts(format="JPEG", rows=rows, columns=columns)
    reading = {"components": str(parsed.frame.components), "bits": "8"}
    flags += (Flag.UPRIGHT,) if parsed.orientation > 1 else ()
    return Radiograph(brightness, facts, flags, reading, chroma=colourful)


def film_of(parsed: Stream, at_least: int, limits: Limits) -> tuple[npt.NDArray[np.uint8], float, tuple[Flag, ...]]:
    """Return grey (H, W), how colourful, and flags: luma and differences of colour may have been saved as if RGB."""
    grey = grey_hw(parsed, at_least, limits)
    if parsed.frame.components == 1:
        return grey, 0.0, ()
    colours = _smallest_colours(parsed)
    if parsed.frame.components != 3 or not holds_ybr(colours):
        return grey, chroma_of(colours), ()
    side = max(at_least, 1)
    planes = simplejpeg.decode_jpeg(parsed.data, "RGB", min_height=side, min_width=side, strict=False)
    return np.asarray(planes)[..., 0], 0.0, (Flag.PHOTOMETRIC,)


def _smallest_colours(parsed: Stream) -> npt.NDArray[np.uint8]:
    """Return RGB (H, W, 3), or CMYK (H, W, 4), at the smallest scale that can be decoded; ValueError if none can."""
    colours = "RGB" if parsed.frame.components == 3 else "CMYK"  # stored as the light that each ink lets through
    return np.asarray(simplejpeg.decode_jpeg(parsed.data, colours, min_height=1, min_width=1, strict=False))


def grey_hw(parsed: Stream, at_least: int, limits: Limits) -> npt.NDArray[np.uint8]:
    """Decode a JPEG stream to grey uint8 (H, W), as stored. Raises: DecodeError unless every pixel is there."""
    limits.check_size(*parsed.frame.size)
    if parsed.is_multi_scan:
        checks.check_scans(parsed)
    checks.check_no_hole(parsed)
    side = 0 if parsed.is_lossless else max(at_least, 1)
    outcome = _attempt(parsed, side)
    if isinstance(outcome, str) and _NO_END not in outcome:
        outcome = _mended(parsed.replaced(stream.without_header_noise(parsed.data)), side, _MAX_MENDS)
    if isinstance(outcome, str):
        is_cut = "remature end" in outcome
        raise DecodeError(*((Code.TRUNCATED, "truncated JPEG") if is_cut else (Code.DAMAGED, "damaged JPEG")))
    return outcome


def _mended(parsed: Stream, side: int, mends_left: int) -> npt.NDArray[np.uint8] | str:
    """Decode, taking out the stray bytes that libjpeg complains about; return its last complaint if that fails."""
    outcome = _attempt(parsed, side)
    if not isinstance(outcome, str) or not mends_left or (found := _EXTRANEOUS.search(outcome)) is None:
        return outcome
    for candidate in islice(stream.without_stray_bytes(parsed.data, int(found[1]), int(found[2], 16)), _MAX_PLACES):
        mended = _mended(parsed.replaced(candidate), side, mends_left - 1)
        if not isinstance(mended, str):
            return mended
    return outcome


def _attempt(parsed: Stream, side: int) -> npt.NDArray[np.uint8] | str:
    """Decode strictly, or return libjpeg's first warning or error."""
    try:
        if parsed.frame.components < 4:
            decoded = simplejpeg.decode_jpeg(parsed.data, "GRAY", min_height=side, min_width=side)
            return np.asarray(decoded, np.uint8)[:, :, 0]
        inks = simplejpeg.decode_jpeg(parsed.data, "CMYK", min_height=side, min_width=side)
        return _cmyk_to_grey(np.asarray(inks, np.uint8))
    except ValueError as refusal:
        return str(refusal)


def _cmyk_to_grey(inverted_HW4: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Adobe stores the light that each ink lets through, and all writers follow it, as Pillow assumes too."""
    light = inverted_HW4.astype(np.uint32)
    luma = 299 * light[:, :, 0] + 587 * light[:, :, 1] + 114 * light[:, :, 2]
    return ((luma * light[:, :, 3] + 127_500) // 255_000).astype(np.uint8)


def _turned(stored: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """Undo the EXIF orientation: the value says where the stored row 0 and column 0 belong."""
    if orientation >= 5:
        stored = stored.T
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    return np.ascontiguousarray(stored)

"""JPEG files → brightness, at the smallest scale that is large enough. Half a JPEG is refused, never guessed.

libjpeg fills what is missing with grey and calls it a warning. simplejpeg's strict mode turns every warning into a
refusal, which also refuses complete films with a few stray bytes between two markers: those are mended (see
``jpeg_stream``) and must then pass strictly.
"""

import re
from itertools import islice

import numpy as np
import numpy.typing as npt
import simplejpeg

from xrayscan.decode import jpeg_checks, jpeg_stream
from xrayscan.decode.jpeg_stream import Header
from xrayscan.decode.limits import check_size
from xrayscan.decode.radiograph import Radiograph
from xrayscan.errors import DecodeError
from xrayscan.store.record import Facts

_MAX_MENDS = 2  # a film mended more often is not "complete with a few stray bytes"
_MAX_PLACES = 16  # where the stray bytes may be: the markers repeat (eight restart markers, progressive scans)
_NO_END = "Premature end of JPEG file"  # no end marker, so nobody knows what else is missing
_EXTRANEOUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0x([0-9a-f]{2})")


def decode_jpeg(data: bytes, *, at_least: int) -> Radiograph:
    """Read one JPEG file: grey, colour or CMYK; baseline, extended (8 bit) or progressive; EXIF orientation applied.

    ``at_least``: pixels; the DCT scale (1/8 … 8/8) is the smallest whose two sides both reach it, 8/8 if none does.
    Returns: brightness float32 (H, W), no unit, in [0, 1], value / 255; colour by ITU-R BT.601 luma, which is the Y
    channel as stored.
    Raises: DecodeError for what is truncated, damaged, arithmetic-coded, 12-bit or hierarchical.
    Source: ITU-T T.81 (JPEG); Exif 2.32 section 4.6.4 (orientation).
    """
    header = jpeg_stream.read_header(data)
    grey = _turned(grey_hw(data, header, at_least), header.orientation)
    rows, columns = (header.columns, header.rows) if header.orientation >= 5 else (header.rows, header.columns)
    brightness = np.multiply(grey, np.float32(1 / 255), dtype=np.float32)
    return Radiograph(brightness, Facts(format="JPEG", rows=rows, columns=columns))


def grey_hw(data: bytes, header: Header, at_least: int) -> npt.NDArray[np.uint8]:
    """Decode a JPEG stream to grey uint8 (H, W), as stored. Raises: DecodeError unless every pixel is there."""
    check_size(header.rows, header.columns)
    if header.is_multi_scan:
        jpeg_checks.check_scans(data)
    jpeg_checks.check_no_hole(data, header)
    side = 0 if header.is_lossless else max(at_least, 1)
    outcome = _attempt(data, header, side)
    if isinstance(outcome, str) and _NO_END not in outcome:
        outcome = _mended(jpeg_stream.without_header_noise(data), header, side, _MAX_MENDS)
    if isinstance(outcome, str):
        raise DecodeError("truncated JPEG" if "remature end" in outcome else "damaged JPEG")
    return outcome


def _mended(data: bytes, header: Header, side: int, mends_left: int) -> npt.NDArray[np.uint8] | str:
    """Decode, taking out the stray bytes that libjpeg complains about; return its last complaint if that fails."""
    outcome = _attempt(data, header, side)
    if not isinstance(outcome, str) or not mends_left or (found := _EXTRANEOUS.search(outcome)) is None:
        return outcome
    for candidate in islice(jpeg_stream.without_stray_bytes(data, int(found[1]), int(found[2], 16)), _MAX_PLACES):
        mended = _mended(candidate, header, side, mends_left - 1)
        if not isinstance(mended, str):
            return mended
    return outcome


def _attempt(data: bytes, header: Header, side: int) -> npt.NDArray[np.uint8] | str:
    """Decode strictly, or return libjpeg's first warning or error."""
    try:
        if header.components < 4:
            decoded = simplejpeg.decode_jpeg(data, "GRAY", min_height=side, min_width=side)
            return np.asarray(decoded, np.uint8)[:, :, 0]
        inks = simplejpeg.decode_jpeg(data, "CMYK", min_height=side, min_width=side)
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

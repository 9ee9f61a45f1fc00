"""The markers of a JPEG stream: what it holds, and how to take stray bytes out.

Source: ITU-T T.81 annex B (markers); Exif 2.32 (orientation).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from xrayscan.errors import Code, DecodeError

SOI, EOI, SOS, DHT, APP1, APP14 = 0xD8, 0xD9, 0xDA, 0xC4, 0xE1, 0xEE
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 … SOF15; DHT, JPG and DAC lie between them
_JPEG_LS = 0xF7
_EXIF_SHORT, _EXIF_LONG = 3, 4  # types; the standard wants a short one, some writers give the other
_SKIPPED = frozenset((*range(0xE0, 0xF0), 0xFE)) - {APP14}  # APPn and comments; APP14 says how colours are stored

# A marker that ends entropy-coded data: not a stuffed zero, not a restart marker. Written with a first byte that stands
# for itself, it is found twenty times as fast as with "+".
_END_OF_SCAN = re.compile(rb"\xff\xff*[\x01-\xcf\xd8-\xfe]")
# As libjpeg counts them, which swallows some seven more in its bit buffer without a word. Few, because a damaged film
# may by chance end nearly on time too: its last, dark blocks take less than a byte each.
MAX_STRAY_BYTES = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame header (SOF) says."""

    marker: int
    precision: int  # bits
    rows: int
    columns: int
    components: int

    @property
    def size(self) -> tuple[int, int]:
        return self.rows, self.columns


class Segment(NamedTuple):
    """One marker with its body; for a scan also with the entropy-coded data behind it."""

    marker: int
    start: int  # of the 0xFF
    body: bytes
    data_at: int  # where the entropy-coded data starts
    end: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A JPEG stream with all that stands before its first scan, read once."""

    data: bytes
    frame: Frame
    scan: Segment  # the first one; its ``end`` is not known
    head: tuple[Segment, ...]  # in their order, the first scan included
    orientation: int = 1  # EXIF, 1 … 8

    @property
    def is_progressive(self) -> bool:
        return self.frame.marker == 0xC2

    @property
    def is_lossless(self) -> bool:
        return self.frame.marker == 0xC3

    @property
    def is_jpeg_ls(self) -> bool:
        return self.frame.marker == _JPEG_LS

    @property
    def is_multi_scan(self) -> bool:
        return self.is_progressive or self.scan.body[0] < self.frame.components

    @property
    def names_its_colours(self) -> bool:
        """Whether an Adobe segment says how colours are stored."""
        return any(segment.marker == APP14 and segment.body.startswith(b"Adobe") for segment in self.head)

    def replaced(self, data: bytes) -> "Stream":
        """Return the same header over bytes in which nothing of it has changed."""
        return replace(self, data=data)


def read_stream(data: bytes) -> Stream:
    """Read what stands before the first scan. Raises: DecodeError if it is cut short."""
    head: list[Segment] = []
    frame: Frame | None = None
    orientation: int | None = None
    # What precedes the scan is small, but a scan is not: stop before looking for its end.
    for segment in segments(_up_to_first_scan(data)):
        head.append(segment)
        if segment.marker == APP1 and orientation is None and segment.body.startswith(b"Exif\0\0"):
            orientation = _orientation(segment.body[6:])
        elif segment.marker in FRAMES or segment.marker == _JPEG_LS:
            frame = _frame(segment)
        elif segment.marker == SOS:
            break
    else:
        raise DecodeError(Code.TRUNCATED, "truncated JPEG")
    if frame is None or not segment.body:
        raise DecodeError(Code.DAMAGED, "damaged JPEG")
    return Stream(data, frame, segment, tuple(head), orientation or 1)


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments after SOI, EOI included; skip stray bytes between them, as libjpeg does."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0:
        start = at
        while data[at : at + 1] == b"\xff":
            at += 1
        marker = data[at] if at < len(data) else 0
        at += 1
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            continue
        if marker == EOI:
            yield Segment(EOI, start, b"", at, at)
            return
        length = int.from_bytes(data[at : at + 2], "big")
        body, at = data[at + 2 : at + length], at + max(length, 2)
        data_at = at
        if marker == SOS:
            end = _END_OF_SCAN.search(data, at)
            at = end.start() if end else len(data)
        yield Segment(marker, start, body, data_at, at)


def _frame(segment: Segment) -> Frame:
    if len(segment.body) < 6:
        raise DecodeError(Code.TRUNCATED, "truncated JPEG")
    precision, rows, columns, components = struct.unpack(">BHHB", segment.body[:6])
    return Frame(segment.marker, precision, rows, columns, components)


def _up_to_first_scan(data: bytes) -> bytes:
    """Cut shortly behind the first SOS segment, by hopping from segment to segment."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == SOS:
            return data[: at + 64]
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            at += 1
            continue
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
    return data


def check_process(frame: Frame) -> None:
    """Raise DecodeError for what is beyond libjpeg-turbo in a file of its own."""
    unsupported = (
        (frame.marker == _JPEG_LS, "JPEG-LS file"),
        (frame.marker > 0xC8, "arithmetic-coded JPEG"),
        (frame.marker > 0xC3, "hierarchical JPEG"),
        (frame.precision != 8, f"{frame.precision}-bit JPEG"),
    )
    for applies, what in unsupported:
        if applies:
            raise DecodeError(Code.UNSUPPORTED_ENCODING, f"{what} is not supported: convert it to 16-bit PNG")


def _orientation(tiff: bytes) -> int:
    """Return the orientation (tag 0x0112) of the first directory of an EXIF block; 1 if it is absent or damaged."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "")
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(entries):
            at = directory + 2 + 12 * entry
            tag, kind, _count, value = struct.unpack_from(order + "HHIH", tiff, at)
            if kind == _EXIF_LONG:
                (value,) = struct.unpack_from(order + "I", tiff, at + 8)
            if tag == 0x0112 and kind in (_EXIF_SHORT, _EXIF_LONG) and order:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def without_header_noise(data: bytes) -> bytes:
    """Return the same stream without comments, metadata and stray bytes between its segments.

    A sequential scan's spectral selection, which some writers leave wrong, is set to what the process prescribes.
    """
    kept, sequential = [b"\xff\xd8"], False
    for segment in segments(data):
        if segment.marker in _SKIPPED:
            continue
        body = segment.body
        if segment.marker in FRAMES:
            sequential = segment.marker in (0xC0, 0xC1)
        if segment.marker == SOS and sequential:
            body = body[:-3] + b"\x00\x3f\x00"
        kept.append(bytes((0xFF, segment.marker)))
        if segment.marker != EOI:
            kept.append(struct.pack(">H", len(body) + 2) + body + data[segment.data_at : segment.end])
    return b"".join(kept)


def without_stray_bytes(data: bytes, count: int, marker: int) -> Iterator[bytes]:
    """Yield copies without the ``count`` bytes before one ``marker`` inside or behind entropy-coded data.

    libjpeg names the marker and the count; where a marker occurs several times, each place is a candidate.
    """
    if not 0 < count <= MAX_STRAY_BYTES:
        return
    first_scan = data.find(bytes((0xFF, SOS)))
    at = first_scan
    while (at := data.find(bytes((0xFF, marker)), at + 2)) >= 0:
        yield data[: at - count] + data[at:]

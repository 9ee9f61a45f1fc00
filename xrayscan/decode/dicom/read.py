"""Bytes → DICOM data set, within bounds of time and memory."""

import io
import logging
import warnings
import zlib
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from contextlib import contextmanager

from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from xrayscan.decode.gzipped import inflated
from xrayscan.decode.limits import Limits
from xrayscan.decode.sniff import before_meta, cut_from_preamble
from xrayscan.errors import Code, DecodeError

_LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")  # 32-bit lengths
_PIXEL_DATA = 0x7FE00010
_MAX_ELEMENTS = 100_000  # at the top level; radiographs have some hundred


@contextmanager
def header_kept_private() -> Iterator[None]:
    """Keep pydicom's warnings and log records, which quote header values, from whoever listens."""
    logger = logging.getLogger("pydicom")
    propagated, logger.propagate = logger.propagate, False
    try:
        with warnings.catch_warnings(), config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.propagate = propagated


def read_dataset(data: bytes, limits: Limits) -> FileDataset:
    """Read one data set up to and with its pixel data; a preamble that was cut off is put back.

    What follows the pixel data is not looked at: some writers leave megabytes of zeros there, which read as a million
    empty elements. A data set whose first element stands in another order of bytes than its transfer syntax says, or
    is not deflated although it says so, is read as it stands.
    Raises: DecodeError if it is cut short, or inflates beyond the limit.
    """
    if missing := cut_from_preamble(data):
        data = bytes(missing) + data
    start, syntax = _file_meta(data)
    head = data[start : start + 6]
    try:
        if syntax == DeflatedExplicitVRLittleEndian:
            plain = data[start:] if _is_plain(head) else _inflated(data[start:], limits)
            return _with_meta(_read(plain), data[:start])
        if syntax and _is_big_endian(head) not in (None, syntax == ExplicitVRBigEndian):
            return _with_meta(_read(data[start:]), data[:start])
        return _read(data)
    except EOFError:
        raise DecodeError(Code.TRUNCATED, "truncated DICOM") from None


def _read(data: bytes) -> FileDataset:
    """Read a file; without file meta information its encoding is told by its first element."""
    return read_partial(io.BytesIO(data), stop_when=_end_of_pixels(), force=True)


def _with_meta(dataset: FileDataset, head: bytes) -> FileDataset:
    dataset.file_meta = dcmread(io.BytesIO(head), force=True).file_meta
    return dataset


def lift_frame(dataset: Dataset) -> None:
    """Give an image of one frame what its functional groups say of it, where it says nothing itself.

    Source: PS3.3 C.7.6.16 (multi-frame functional groups), C.7.6.16.2.9 (pixel value transformation), C.7.6.16.2.10
    (frame VOI LUT).
    """
    for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for macro in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for item in _first(_first([dataset], groups), macro):
                for element in item:
                    if element.tag not in dataset:
                        dataset.add(element)


def _first(items: Sequence[Dataset], keyword: str) -> Sequence[Dataset]:
    """Return the first item of a sequence within these items, if there is one."""
    found = items[0].get(keyword) if items else None
    return [item for item in found[:1] if isinstance(item, Dataset)] if isinstance(found, MutableSequence) else []


def meta(dataset: Dataset) -> Dataset:
    """Return the file meta information; an empty data set where there is none."""
    found: Dataset = getattr(dataset, "file_meta", Dataset())
    return found


def _end_of_pixels() -> Callable[[BaseTag, str | None, int], bool]:
    count = 0

    def is_past(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal count
        count += 1
        if count > _MAX_ELEMENTS:
            raise DecodeError(Code.DAMAGED, "damaged DICOM: too many elements")
        return int(tag) > _PIXEL_DATA or int(tag) == 0

    return is_past


def _file_meta(data: bytes) -> tuple[int, str]:
    """Return where the data set begins behind the file meta information, and the transfer syntax that this names.

    Source: PS3.10 section 7.1; PS3.5 section 7.1.2 (explicit VR, in which it is written).
    Raises: DecodeError if it cannot be followed and yet may ask for an inflation without bounds.
    """
    at, syntax = before_meta(data), ""
    while data[at : at + 2] == b"\x02\x00":
        if not data[at + 4 : at + 6].isalpha():
            return _not_deflated(data, at)
        is_long = data[at + 4 : at + 6] in _LONG
        value = at + (12 if is_long else 8)
        end = value + int.from_bytes(data[value - (4 if is_long else 2) : value], "little")
        if data[at + 2 : at + 4] == b"\x10\x00":
            syntax = data[value:end].rstrip(b"\0 ").decode("latin-1")
        at = end
    return (at, syntax) if at <= len(data) else _not_deflated(data, at)


def _not_deflated(data: bytes, at: int) -> tuple[int, str]:
    """Leave a file whose meta information cannot be followed to pydicom, which inflates without bounds."""
    if str(DeflatedExplicitVRLittleEndian).encode() in data:
        raise DecodeError(Code.DAMAGED, "damaged DICOM: its file meta information cannot be followed")
    return at, ""


def _is_big_endian(head: bytes) -> bool | None:
    """Tell the order of bytes from the group of the first element, 0008 or another small one; None if it is neither."""
    if head[:1] == b"\0" and head[1:2] != b"\0" and head[4:6].isalpha():
        return True
    return False if head[:1] != b"\0" and head[1:2] == b"\0" else None


def _is_plain(head: bytes) -> bool:
    return _is_big_endian(head) is False and head[4:6].isalpha()


def _inflated(deflated: bytes, limits: Limits) -> bytes:
    """Inflate a data set; some writers leave the header of zlib's own format before it (PS3.5 section A.5)."""
    cut = DecodeError(Code.TRUNCATED, "truncated DICOM")
    is_zlib = deflated[:1] == b"\x78" and int.from_bytes(deflated[:2], "big") % 31 == 0
    return inflated(deflated, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS, limits, cut, cut)

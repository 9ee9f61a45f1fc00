"""Bytes → DICOM data set, within bounds of time and memory."""

import io
import logging
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydicom import config
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from xrayscan.decode.gzipped import inflated
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError

_PREFIX = b"DICM"
_META_START = 132  # preamble and prefix, PS3.10 section 7.1
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
    empty elements. Raises: DecodeError if it is cut short, or inflates beyond the limit.
    """
    if data.startswith(_PREFIX):
        data = bytes(_META_START - len(_PREFIX)) + data
    start = _deflated_at(data)
    if start:
        data = data[:start].replace(*_syntaxes()) + _inflated(data[start:], limits)
    try:
        dataset = read_partial(io.BytesIO(data), stop_when=_end_of_pixels(), force=True)
    except EOFError:
        raise DecodeError(Code.TRUNCATED, "truncated DICOM") from None
    if start:
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return dataset


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


def _syntaxes() -> tuple[bytes, bytes]:
    """Return the deflated syntax and, at the same length, the one that its content has."""
    deflated = str(DeflatedExplicitVRLittleEndian).encode()
    return deflated, str(ExplicitVRLittleEndian).encode().ljust(len(deflated), b"\0")


def _deflated_at(data: bytes) -> int:
    """Return where the deflated part begins: behind the file meta information; 0 if nothing is deflated."""
    if data[128:_META_START] != _PREFIX or data[_META_START : _META_START + 6] != b"\x02\x00\x00\x00UL":
        return 0
    start = _META_START + 12 + int.from_bytes(data[140:144], "little")
    return start if _syntaxes()[0] in data[_META_START:start] else 0


def _inflated(deflated: bytes, limits: Limits) -> bytes:
    cut = DecodeError(Code.TRUNCATED, "truncated DICOM")
    return inflated(deflated, -zlib.MAX_WBITS, limits, cut, cut)

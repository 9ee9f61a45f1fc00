"""DICOM files → brightness. Header text stops here: what leaves is technical and passes a filter of characters."""

import io
import logging
import re
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from xrayscan.decode.dicom_pixels import COMPRESSIONS, colour_to_grey, is_monochrome, read_pixels
from xrayscan.decode.dicom_values import monochrome_brightness
from xrayscan.decode.limits import check_size
from xrayscan.decode.radiograph import Radiograph
from xrayscan.errors import DecodeError
from xrayscan.outcome import Status
from xrayscan.store.record import Facts

_NATIVE: dict[str, str] = {
    ImplicitVRLittleEndian: "DICOM",
    ExplicitVRLittleEndian: "DICOM",
    ExplicitVRBigEndian: "DICOM big endian",
    DeflatedExplicitVRLittleEndian: "DICOM deflated",
}

# PS3.16 CID 4010 "DX View", in SNOMED CT and in the older SNOMED-RT codes → the terms of View Position.
_VIEWS = {
    **dict.fromkeys(("399348003", "R-10206"), "AP"),
    **dict.fromkeys(("272479007", "R-40888", "R-10214"), "PA"),
    **dict.fromkeys(("399173006", "R-10236"), "LL"),
    **dict.fromkeys(("399198007", "R-10232"), "RL"),
    **dict.fromkeys(("399067008", "R-102CD", "399352003", "R-10228", "399260004", "R-10224"), "LATERAL"),
}


def decode_dicom(data: bytes) -> Radiograph:
    """Read one DICOM radiograph as brightness: bone is bright, whatever the vendor stored.

    Applies the modality transform, then the first VOI LUT or window, then inverts MONOCHROME1; each exactly once.
    Presentation LUT Shape is not applied on top: in a DX image it is INVERSE if and only if the photometric
    interpretation is MONOCHROME1, and says the same thing once more. Pixel Aspect Ratio is ignored.
    Returns: brightness float32 (rows, columns), no unit, in [0, 1].
    Raises: DecodeError if not an image, multi-frame, truncated, or compressed beyond the installed codecs.
    Source: DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (photometric interpretation), C.8.11.3.1
    (Presentation LUT Shape of DX); PS3.5 section 8 and annex A (encoding).
    """
    with header_kept_private():
        dataset = _read(data)
        _check_is_single_image(dataset)
        syntax = _transfer_syntax(dataset)
        facts = _facts(dataset, _NATIVE.get(syntax) or f"DICOM {COMPRESSIONS[syntax]}")
        pixels = read_pixels(dataset, syntax)
        if is_monochrome(dataset):
            return Radiograph(monochrome_brightness(dataset, pixels), facts)
        return Radiograph(colour_to_grey(dataset, pixels), facts)


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


def _read(data: bytes) -> FileDataset:
    try:
        return dcmread(io.BytesIO(data), force=True)
    except (EOFError, zlib.error):
        raise DecodeError("truncated DICOM") from None


def _check_is_single_image(dataset: FileDataset) -> None:
    """Raises: DecodeError for what is no image, or more than one."""
    meta = getattr(dataset, "file_meta", Dataset())
    if meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in dataset:
        raise DecodeError("DICOM directory, no image", status=Status.SKIPPED)
    if not len(dataset):  # pydicom gives up all it has read when compressed pixel data break off
        raise DecodeError("truncated DICOM")
    if "PixelData" not in dataset:
        if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
            raise DecodeError("floating-point DICOM pixels: not a radiograph")
        if "Rows" in dataset:
            raise DecodeError("truncated DICOM: its pixel data are missing")
        raise DecodeError("no pixel data (not an image)")
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise DecodeError("multi-frame object: export single frames")
    if "Rows" not in dataset or "Columns" not in dataset:
        raise DecodeError("damaged DICOM: no rows or columns")
    check_size(int(dataset.Rows or 0), int(dataset.Columns or 0))


def _transfer_syntax(dataset: FileDataset) -> str:
    """Return the transfer syntax, from how the data set was read if the file does not name it."""
    named = getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID")
    if named in _NATIVE or named in COMPRESSIONS:
        return str(named)
    if named:
        raise DecodeError("DICOM in a transfer syntax that is not supported: export it uncompressed")
    is_implicit, is_little = dataset.original_encoding
    if is_little is False:
        return str(ExplicitVRBigEndian)
    return str(ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian)


def _facts(dataset: Dataset, format_name: str) -> Facts:
    """Return the technical facts; each passes a filter that no name or date of the usual form survives as such."""
    return Facts(
        format=format_name,
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        study_uid=_uid(dataset.get("StudyInstanceUID")),
        series_uid=_uid(dataset.get("SeriesInstanceUID")),
        sop_uid=_uid(dataset.get("SOPInstanceUID")),
        modality=_term(dataset.get("Modality")),
        view=_view(dataset),
    )


def _uid(value: object) -> str:
    """PS3.5 section 9: digits and dots, at most 64. Anything else is no UID and is not shown."""
    text = str(value or "").strip(" \0")
    return text if re.fullmatch(r"[0-9.]{1,64}", text) else ""


def _term(value: object) -> str:
    """A defined term of VR CS (PS3.5 section 6.2): letters, digits, space, at most 16."""
    return re.sub(r"[^A-Z0-9 ]", "", str(value or "").upper())[:16].strip()


def _view(dataset: Dataset) -> str:
    """Return View Position, or what the view code sequence says in its terms; empty if neither does."""
    if position := _term(dataset.get("ViewPosition")):
        return position
    sequence = dataset.get("ViewCodeSequence")
    if not sequence:
        return ""
    code = _VIEWS.get(str(sequence[0].get("CodeValue", "")).strip(), "")
    meaning = str(sequence[0].get("CodeMeaning", "")).lower()
    return code or ("LATERAL" if "lateral" in meaning and "oblique" not in meaning else "")

"""What may leave a DICOM header: technical facts, each through a filter that no name or date survives as such."""

import re

from pydicom.dataset import Dataset
from pydicom.uid import DigitalXRayImageStorageForProcessing, MediaStorageDirectoryStorage

from xrayscan.decode.dicom import defined_terms
from xrayscan.decode.dicom.projection import view
from xrayscan.decode.dicom.read import meta
from xrayscan.decode.flags import Flag
from xrayscan.errors import Code, DecodeError
from xrayscan.store.record import Facts

# PS3.3 C.7.3.1.1.1: computed, digital and film radiography, and what scanners and screen captures call themselves.
RADIOGRAPHS = frozenset(("", "CR", "DX", "RG", "OT", "SC"))

OURS = "xrayscan"  # Manufacturer of the objects that xrayscan makes


def check_is_one_image(dataset: Dataset) -> None:
    """Raises: DecodeError for what is no image, more than one, or none that a model of radiographs may judge."""
    if meta(dataset).get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise DecodeError(Code.DICOM_DIRECTORY, "DICOM directory, no image")
    if "DirectoryRecordSequence" in dataset:
        raise DecodeError(Code.DICOM_DIRECTORY, "DICOM directory, no image")
    if dataset.get("Manufacturer") == OURS:  # a report or heatmap that comes back from an archive
        raise DecodeError(Code.OWN_OUTPUT, "written by xrayscan")
    if not len(dataset):  # pydicom gives up all it has read when compressed pixel data break off
        raise DecodeError(Code.TRUNCATED, "truncated DICOM")
    if "PixelData" not in dataset:
        raise _without_pixels(dataset)
    modality = term(dataset.get("Modality"))
    if modality not in RADIOGRAPHS:
        known = defined_terms.modality(modality) or "of no known name"
        raise DecodeError(Code.OTHER_MODALITY, f"modality {known}: not a radiograph")
    if is_for_processing(dataset):
        raise DecodeError(Code.RAW_DETECTOR, "raw detector image (for processing): not for display")
    if count_of(dataset, "NumberOfFrames") > 1:
        raise DecodeError(Code.MULTI_FRAME, "multi-frame object: export single frames")


def is_for_processing(dataset: Dataset) -> bool:
    """Whether the pixels are a detector's raw values, which no viewer shows as they are (PS3.3 C.8.11.1.1.1)."""
    intent = term(dataset.get("PresentationIntentType"))
    return intent == "FOR PROCESSING" or (
        not intent and dataset.get("SOPClassUID") == DigitalXRayImageStorageForProcessing
    )


def facts(dataset: Dataset, format_name: str, rows: int, columns: int) -> Facts:
    """Return the technical facts of an image of this size."""
    return Facts(
        format=format_name,
        rows=rows,
        columns=columns,
        study_uid=_uid(dataset.get("StudyInstanceUID")),
        series_uid=_uid(dataset.get("SeriesInstanceUID")),
        sop_uid=_uid(dataset.get("SOPInstanceUID")),
        modality=defined_terms.modality(term(dataset.get("Modality"))),
        view=view(dataset),
    )


def burned_in(dataset: Dataset) -> tuple[Flag, ...]:
    """Flag a picture that may show a person's name, says the header (PS3.3 C.7.6.1)."""
    return (Flag.BURNED_IN,) if term(dataset.get("BurnedInAnnotation")) == "YES" else ()


def term(value: object) -> str:
    """A defined term of VR CS (PS3.5 section 6.2): letters, digits, space, at most 16."""
    return re.sub(r"[^A-Z0-9 ]", "", str(value or "").upper())[:16].strip()


def count_of(dataset: Dataset, keyword: str) -> int:
    """Return a whole number; 0 if it is absent, empty or no number."""
    try:
        return int(dataset.get(keyword) or 0)
    except (TypeError, ValueError):
        return 0


def _without_pixels(dataset: Dataset) -> DecodeError:
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        return DecodeError(Code.UNSUPPORTED_VALUES, "floating-point DICOM pixels: not a radiograph")
    if "Rows" in dataset:
        return DecodeError(Code.TRUNCATED, "truncated DICOM: its pixel data are missing")
    return DecodeError(Code.NO_PIXELS, "no pixel data (not an image)")


def _uid(value: object) -> str:
    return defined_terms.uid(str(value or "").strip(" \0"))

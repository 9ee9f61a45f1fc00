"""Which column of a table of labels says what, by the names that public sets and people give them."""

from collections.abc import Sequence
from dataclasses import dataclass

from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.errors import InputError
from xrayscan.files.text import escaped

SHOWN = 60  # characters of a cell in a message
# Source: the tables of NIH ChestX-ray14, CheXpert, RSNA and SIIM-ACR (Kaggle), VinDr-CXR, MIMIC-CXR-JPG and PadChest.
PATHS = (
    *("path", "file", "filename", "file_name", "image index", "image_index", "image_path", "image_id", "imageid"),
    *("image", "dicom_id", "patientid"),
)
LABELS = (
    *("label", "target", "finding labels", "class_name", "encodedpixels", "class", "diagnosis", "finding"),
    "labels",
)
PATIENTS = ("patient", "patient id", "patient_id", "patientid", "subject_id", "subject")
STUDY = ("subject_id", "study_id")  # MIMIC-CXR names the folder of a study by them


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by their heading in lower case; ``path`` is None where `STUDY` names folders."""

    path: str | None
    label: str
    patient: str | None
    split: str | None


def find_columns(where: str, names: Sequence[str], settings: FolderSettings) -> Columns:
    """Find the columns in a heading in lower case. Raises: InputError if one is missing or stands there twice."""
    path = _column(where, names, settings.path_column, PATHS, "path")
    if path is None and not set(STUDY) <= set(names):
        raise _missing(where, names, "path", "--path-column")
    findings = settings.findings()
    label = _column(where, names, settings.label_column, (LABELS[0], *findings, *LABELS[1:]), "label")
    if label is None:
        raise _missing(where, names, "label", "--label-column")
    patient = _column(where, names, settings.patient_column, PATIENTS, "patient")
    columns = Columns(path, label, patient, "split" if "split" in names else None)
    for name in filter(None, (path, label, patient, columns.split)):
        if names.count(name) > 1:
            raise InputError(f"{where} has several columns {shown(name)}: give each a name of its own")
    return columns


def is_heading(cells: Sequence[str], settings: FolderSettings) -> bool:
    """Whether a line names a path's and a label's column."""
    try:
        find_columns("", [cell.casefold() for cell in cells], settings)
    except InputError:
        return False
    return True


def shown(text: str) -> str:
    """A cell as it fits into a message: on one line, and not without end."""
    line = escaped(text)
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _column(where: str, names: Sequence[str], given: str | None, usual: Sequence[str], what: str) -> str | None:
    if given is None:
        return next((name for name in usual if name in names), None)
    if given.strip().casefold() in names:
        return given.strip().casefold()
    raise _missing(where, names, given, f"--{what}-column")


def _missing(where: str, names: Sequence[str], name: str, flag: str) -> InputError:
    found = shown(", ".join(filter(None, names)) or "nothing")
    return InputError(
        f"{where} has no column {shown(name)} (its heading: {found}): the first line must be path,label, or {flag} "
        "names the column"
    )

"""Whose film is whose: by a pattern, by the CSV, by DICOM headers, by known file names, else each file for itself."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from xrayscan.dataset.label_csv import SPLITS
from xrayscan.dataset.layout import Listed
from xrayscan.dataset.patient_names import public_patient
from xrayscan.decode.dicom.patient import number_patients
from xrayscan.errors import UsageError
from xrayscan.files.text import counted

# File names that tell patients apart in public pediatric sets. Each scheme counts for itself: person7_virus and
# person7_bacteria are two children. Source: Kermany et al., Mendeley Data, doi:10.17632/rscbjbr9sj.
SCHEMES = (
    re.compile(r"(person\d+_(?:bacteria|virus))", re.IGNORECASE),
    re.compile(r"((?:NORMAL2-)?IM-\d+)", re.IGNORECASE),
)
# A number that any archive may use tells patients apart within a folder, but does not name them in another archive.
COUNTER = re.compile(r"(patient[-_]?\d+)", re.IGNORECASE)

TOO_MANY = 10  # DICOM files for one patient, if there is no other

PATTERN, CSV, DICOM, NAME, PUBLIC, FILE = (
    "--patient-pattern",
    "the CSV's patient column",
    "DICOM Patient ID",
    "file names (personN_bacteria, personN_virus, IM-N, NORMAL2-IM-N or patientN)",
    "paths as in NIH, CheXpert, MIMIC-CXR or BIMCV",
    "file, each counting as a patient of its own",
)


@dataclass(frozen=True, slots=True)
class Patient:
    """``group`` is equal for films of one patient. ``key`` is what may be kept to find the patient again, or None."""

    group: str
    key: str | None
    by: str


def compiled(pattern: str | None) -> re.Pattern[str] | None:
    """Compile ``--patient-pattern``. Raises: UsageError if it is no regular expression."""
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--patient-pattern {pattern!r} is no regular expression: {error}") from error


def patients(files: Sequence[Listed], pattern: re.Pattern[str] | None) -> tuple[list[Patient], list[str]]:
    """Tell the patient of each file (N,), by the first way that knows one, and warn where a way fails.

    The pattern is searched in the path below the label's folder; its group ``patient``, else its first group, else
    the whole match names the patient.
    """
    numbers = number_patients([file.path for file in files])
    warnings = []
    if len(set(numbers) - {None}) == 1 and len(numbers) - numbers.count(None) >= TOO_MANY:
        warnings.append(
            "every DICOM file names the same patient, as after careless anonymisation: Patient ID is not used; tell "
            "patients apart with --patient-pattern or a CSV"
        )
        numbers = [None] * len(numbers)
    told = [_patient(file, pattern, number) for file, number in zip(files, numbers, strict=True)]
    if pattern and (missed := sum(patient.by != PATTERN for patient in told)):
        warnings.append(f"--patient-pattern matches {len(told) - missed:,} of {len(told):,} files")
    return told, warnings


def identified_by(told: Sequence[Patient]) -> str:
    """Say in a phrase how patients were told apart, the commonest way first."""
    ways = Counter(patient.by for patient in told).most_common()
    if len(ways) == 1:
        return ways[0][0]
    return "; ".join(f"{way} for {counted(count, 'film')}" for way, count in ways)


def _patient(file: Listed, pattern: re.Pattern[str] | None, number: int | None) -> Patient:
    if pattern and (match := pattern.search(file.below)):
        name = match.groupdict().get("patient") or (match[1] if pattern.groups else match[0])
        if name:
            return Patient(f"pattern {name}", name, PATTERN)
    if file.patient:
        return Patient(f"csv {file.patient}", file.patient, CSV)
    if number is not None:
        return Patient(f"dicom {number}", None, DICOM)
    if public := public_patient(file.below):
        return Patient(f"public {public}", public, PUBLIC)
    folder, name = os.path.split(file.below)
    for scheme in (*SCHEMES, COUNTER):
        if match := scheme.match(name):
            key = match[1].casefold()
            return Patient(f"name {_place(file.label, folder)} {key}", None if scheme is COUNTER else key, NAME)
    return Patient(f"file {file.path}", None, FILE)


def _place(label: str, folder: str) -> str:
    """Where a counter counts: films of folders ``a`` and ``b`` share none, but those of ``train`` and ``test`` do."""
    parts = [part for part in os.path.normpath(folder).split(os.sep) if part.casefold() not in SPLITS]
    return "/".join([label.casefold(), *parts])

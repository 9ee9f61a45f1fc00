"""What a scan learns about one file: exactly one record, which is a probability or the reason there is none."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from xrayscan.errors import Status as Status

LATERAL, UNLIKE = "lateral", "unlike training"  # flags that the reading order depends on
LONG_WAIT = "waiting longest"  # flag of a film that comes first for its time alone: that of its header, or …
LONG_WAIT_OF_FILE = "waiting longest (file time)"  # … of its file


def _fact(default: Any, label: str) -> Any:
    """One fact: its value where nothing is known, and what people call it."""
    return dataclasses.field(default=default, metadata={"label": label})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Technical facts of one file: never a name, an identifier of a person, or a date.

    This declaration is the only one: the store's columns, those of CSV and JSON Lines and what a page tells of a film
    are derived from it, in this order. A fact is a text, a number or None.

    Units: ``rows`` and ``columns`` in pixels as stored in the file (before any scaling, after EXIF orientation).
    Source: DICOM PS3.3 C.7.2.1 (Study Instance UID), C.7.3.1 (Series Instance UID, Modality), C.12.1 (SOP Instance
    UID), C.8.11.1 (View Position).
    """

    study_uid: str = _fact("", "study UID")
    series_uid: str = _fact("", "series UID")
    sop_uid: str = _fact("", "SOP UID")
    modality: str = _fact("", "modality")
    view: str = _fact("", "view")  # "PA", "AP", "LL", … as in the header; empty when unknown
    rows: int | None = _fact(None, "rows")
    columns: int | None = _fact(None, "columns")
    format: str = _fact("", "format")  # "JPEG", "PNG", "DICOM" with its compression, such as "DICOM RLE"
    sha256: str = _fact("", "SHA-256")  # of the file's bytes, lower-case hexadecimal
    unlikeness: float | None = _fact(None, "unlike training")  # 0 as the training films, 1 as nothing among them

    def as_dict(self) -> dict[str, Any]:
        """Return the facts by name, in their order: `dataclasses.asdict` without its deep copies."""
        return {name: getattr(self, name) for name in FACT_LABELS}


FACT_LABELS = {field.name: str(field.metadata["label"]) for field in dataclasses.fields(Facts)}
FACT_TYPES: dict[str, Any] = {field.name: field.type for field in dataclasses.fields(Facts)}


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """What one scan learned about one file: a probability per model, or the reason there is none.

    ``source`` is the path as the user gave it plus what lies below it.

    Raises: ValueError for a record that contradicts itself, or holds something that is no probability.
    """

    source: str
    facts: Facts = Facts()
    probabilities: tuple[float, ...] = ()  # of the positive label, calibrated, in [0, 1]; one per model; only if scored
    status: Status = Status.SCORED
    reason: str | None = None  # a phrase for the report, such as "truncated JPEG"; unless scored
    code: str = ""  # what kind of reason, for programs
    flags: tuple[str, ...] = ()  # what a reader should know of a film that was read, such as "turned upright"
    taken_ns: int | None = None  # when it was taken: the store orders by it, and gives it to nobody

    def __post_init__(self) -> None:
        if (self.status is Status.SCORED) != bool(self.probabilities) or bool(self.probabilities) == bool(self.reason):
            raise ValueError(f"{self.source}: a scored file has probabilities, any other a reason, and none has both")
        if not all(0 <= p <= 1 for p in self.probabilities):  # also catches NaN
            raise ValueError(f"{self.source}: {self.probabilities} are not probabilities")

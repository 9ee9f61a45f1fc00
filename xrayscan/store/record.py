"""What a scan learns about one file: exactly one record, which is a probability or the reason there is none."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a path found by a scan ended. found = scored + rejected + ignored, always."""

    SCORED = "scored"
    REJECTED = "rejected"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Facts:
    """Technical facts of one file: never a name, an identifier of a person, or a date.

    Units: ``rows`` and ``columns`` in pixels as stored in the file (before any scaling, after EXIF orientation).
    Source: DICOM PS3.3 C.7.2.1 (Study Instance UID), C.7.3.1 (Series Instance UID, Modality), C.12.1 (SOP Instance
    UID), C.8.11.1 (View Position).
    """

    format: str = ""  # "JPEG", "PNG", "TIFF", "BMP", "DICOM" with its compression, such as "DICOM RLE"
    rows: int | None = None
    columns: int | None = None
    sha256: str = ""  # of the file's bytes, lower-case hexadecimal
    study_uid: str = ""
    series_uid: str = ""
    sop_uid: str = ""
    modality: str = ""
    view: str = ""  # "PA", "AP", "LL", … as in the header; empty when unknown


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """What one scan learned about one file: a probability per model, or the reason there is none.

    ``source`` is the path as the user gave it plus what lies below it. ``ignored`` goes with a reason only.

    Raises: ValueError for a record that has both or neither, or holds something that is no probability.
    """

    source: str
    facts: Facts = Facts()
    probabilities: tuple[float, ...] = ()  # of the finding, calibrated, in [0, 1]; one per model
    reason: str | None = None  # a phrase for the report, such as "truncated JPEG"
    ignored: bool = False

    def __post_init__(self) -> None:
        if bool(self.probabilities) == (self.reason is not None):
            raise ValueError(f"{self.source}: give probabilities or a reason, exactly one of them")
        if not all(0 <= p <= 1 for p in self.probabilities):  # also catches NaN
            raise ValueError(f"{self.source}: {self.probabilities} are not probabilities")
        if self.ignored and self.reason is None:
            raise ValueError(f"{self.source}: an ignored file has a reason and no probability")

    @property
    def status(self) -> Status:
        """Scored, rejected or ignored: exactly one."""
        if self.reason is None:
            return Status.SCORED
        return Status.IGNORED if self.ignored else Status.REJECTED

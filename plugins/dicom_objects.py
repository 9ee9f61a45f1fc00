"""Worklist → a folder of DICOM objects, one per film, each in the film's own study.

An object's SOP Instance UID is a function of what it says: the same result of the same film is the same object, however
often it is made or sent. What identifies the patient is copied from the film into the object, and goes nowhere else.
"""

import dataclasses
import importlib.metadata
import io
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from xrayscan import (
    DecodeError,
    NewFolder,
    Worklist,
    WorklistRow,
    atomic_folder,
    header_kept_private,
    read_header,
)

INDEX = "index.jsonl"  # which object is whose, and why a film has none
MAKER = "xrayscan"  # Manufacturer (0008,0070), by which our own objects are told
NOT_A_DIAGNOSIS = "Suggested reading order. Not a diagnosis."
NO_STUDY = "no DICOM image of a study"
# PS3.3 C.7.1.1 (patient) and C.7.2.1 (study): what an archive files an object by. Type 2 elements may be empty.
TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName"),
)
OPTIONAL = (
    *("IssuerOfPatientID", "OtherPatientIDsSequence", "PatientIdentityRemoved", "DeidentificationMethod"),
    *("StudyDescription", "IssuerOfAccessionNumberSequence"),
)
UTF_8 = "ISO_IR 192"  # PS3.3 C.12.1.1.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object to be made: of which row, under which UID, and how. ``problem``: why there can be none."""

    row: WorklistRow
    uid: str = ""
    problem: str = ""
    make: Callable[["Film"], Any] | None = None  # → a data set of highdicom


@dataclass(frozen=True, slots=True)
class Film:
    """What an object refers to: the film by its UIDs, without anything that identifies a person."""

    reference: Any  # a pydicom data set whose type 2 elements are empty
    uid: str  # SOP Instance UID of the object
    series_uid: str
    number: int  # the film's own instance number, from 1


def write_objects(wanted: Iterable[Wanted], kind: str, worklist: Worklist, path: str) -> None:
    """Write the objects into a folder, and beside them which is whose."""
    with atomic_folder(path) as folder:
        lines = [_line(_written(one, kind, worklist, folder)) for one in wanted]
        folder.add(INDEX, "".join(lines).encode())


def uid_of(*parts: object) -> str:
    """A UID that is equal for equal parts: a name-based UUID, as PS3.5 B.2 has it."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(['xrayscan', *map(str, parts)])).int}"


def has_study(row: WorklistRow) -> bool:
    """Whether it is a DICOM image that was read, and names its study."""
    return bool(row.facts.study_uid and row.facts.series_uid and row.facts.sop_uid and row.facts.sha256)


def equipment(worklist: Worklist) -> dict[str, Any]:
    """The model as the equipment that made an object (PS3.3 C.7.5.1), for highdicom's classes."""
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": short(f"{worklist.names[0]} {worklist.card.version}"),
        "device_serial_number": worklist.fingerprint[:64],
        "software_versions": importlib.metadata.version("xrayscan"),
    }


def short(text: str) -> str:
    r"""Text as VR LO takes it: 64 characters at most, without control characters or backslashes."""
    return "".join(char if char.isprintable() and char != "\\" else " " for char in text).strip()[:64] or "-"


def _written(one: Wanted, kind: str, worklist: Worklist, folder: NewFolder) -> Wanted:
    """Write an object, or take it over; return it with the problem if there is one."""
    name = f"{one.uid}.dcm"
    if one.problem or one.make is None or folder.keep(name):
        return one
    try:
        with header_kept_private():
            folder.add(name, _encoded(one, kind, worklist))
    except DecodeError as error:
        return dataclasses.replace(one, problem=str(error))
    except (OSError, ImportError):
        raise
    except Exception as error:  # of whatever a header holds; its text may quote it
        return dataclasses.replace(one, problem=f"header not usable ({type(error).__name__})")
    return one


def _encoded(one: Wanted, kind: str, worklist: Worklist) -> bytes:
    """The object as a file of PS3.10."""
    assert one.make is not None
    header = read_header(one.row)
    film = Film(_reference(header, one.row), one.uid, _series(one.row, kind, worklist), _number(header))
    made = one.make(film)
    _identify(made, header)
    content = io.BytesIO()
    made.save_as(content, enforce_file_format=True)
    return content.getvalue()


def _series(row: WorklistRow, kind: str, worklist: Worklist) -> str:
    """One series per study, kind of object and models."""
    return uid_of("series", kind, row.facts.study_uid, *worklist.fingerprints)


def _number(header: Any) -> int:
    try:
        return max(1, int(header.get("InstanceNumber") or 1))
    except (TypeError, ValueError):
        return 1


def _reference(header: Any, row: WorklistRow) -> Any:
    from pydicom.dataset import Dataset

    reference = Dataset()
    reference.StudyInstanceUID, reference.SeriesInstanceUID = row.facts.study_uid, row.facts.series_uid
    reference.SOPInstanceUID, reference.SOPClassUID = row.facts.sop_uid, header.SOPClassUID
    reference.Modality = row.facts.modality or "OT"
    for keyword in TYPE_2:
        setattr(reference, keyword, None)
    return reference


def _identify(made: Any, header: Any) -> None:
    """Copy patient and study into the object, in whatever characters the film has them."""
    made.SpecificCharacterSet = UTF_8
    header.decode()
    for element in _usable(header, (*TYPE_2, *OPTIONAL)):
        made[element.tag] = element


def _usable(header: Any, keywords: Iterable[str]) -> Iterator[Any]:
    """Those elements that the header has, as what the standard says they are, without private ones in their items."""
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.dataelem import DataElement

    for keyword in keywords:
        tag = tag_for_keyword(keyword)
        if tag is not None and tag in header and dictionary_VR(tag) == header[tag].VR:
            value = header[tag].value
            for item in value if header[tag].VR == "SQ" else ():
                item.remove_private_tags()
            yield DataElement(tag, header[tag].VR, str(value) if header[tag].VR == "PN" and value else value)


def _line(one: Wanted) -> str:
    known = {"source": one.row.source, "object": None if one.problem else f"{one.uid}.dcm", "problem": one.problem}
    return f"{json.dumps(known)}\n"

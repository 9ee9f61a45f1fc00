"""DICOMDIR → the files that it lists: what a CD or a DVD of films is opened by."""

import os
import warnings
from collections.abc import Iterator
from typing import Any

NAME = "DICOMDIR"
LARGEST = 64 << 20  # bytes of a DICOMDIR that is read: a DVD's are a few megabytes


def is_dicomdir(path: str) -> bool:
    """Whether a file has the name of one; some systems show the names of a CD in small letters."""
    return os.path.basename(path).upper() == NAME


def listed(path: str) -> list[str]:
    """Return what a DICOMDIR lists, below its own folder, each once, in its order; nothing where it cannot be read.

    A name of small letters on the disk counts as well. What would lead out of the folder is left out.
    Source: DICOM PS3.3 annex F (basic directory information object), PS3.10 section 8 (file IDs).
    """
    import pydicom

    folder = os.path.dirname(path)
    try:
        if os.path.getsize(path) > LARGEST:
            return []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about names that the standard does not allow
            header = pydicom.dcmread(path, specific_tags=["DirectoryRecordSequence"])
            file_ids = list(_file_ids(header.get("DirectoryRecordSequence") or ()))
        names = dict.fromkeys(_on_disk(folder, parts) for parts in file_ids)
        return [name for name in names if not os.path.isdir(os.path.join(folder, name))]
    except Exception:  # a damaged one, in whichever way: it is told to be no image, as every DICOMDIR
        return []


def _file_ids(records: Any) -> Iterator[list[str]]:
    for record in records:
        found = record.get("ReferencedFileID")
        parts = [found] if isinstance(found, str) else [str(part) for part in found or ()]
        if parts and all(part not in ("", os.curdir, os.pardir) and not set(part) & set("/\\\0") for part in parts):
            yield parts


def _on_disk(folder: str, parts: list[str]) -> str:
    """The path below the folder, in the letters that the disk has."""
    names = os.path.join(*parts), os.path.join(*(part.lower() for part in parts))
    return next((name for name in names if os.path.lexists(os.path.join(folder, name))), names[0])

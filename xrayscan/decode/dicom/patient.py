"""Whose film a DICOM file is, as a number: Patient ID is compared here and goes nowhere else, not even digested."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from xrayscan.decode.dicom.read import header_kept_private, read_dataset
from xrayscan.decode.gzipped import MAGIC, inflate
from xrayscan.decode.limits import DEFAULT_LIMITS
from xrayscan.decode.sniff import cut_from_preamble, is_dicom
from xrayscan.files.regular import open_regular
from xrayscan.sources.address import split
from xrayscan.sources.reading import HEAD_BYTES, read_file

NEVER_DICOM = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".csv", ".txt")  # so that their bytes are read once
THREADS = 8  # they wait for disks and network drives
_WANTED = ["PatientID", "IssuerOfPatientID"]


def number_patients(paths: Sequence[str]) -> list[int | None]:
    """Number the patients of files in order of appearance; None where a file is no DICOM or does not name one.

    The same Patient ID from another issuer is another patient. Files that cannot be read have None.
    Source: DICOM PS3.3 C.7.1.1 (Patient ID, Issuer of Patient ID).
    """
    numbers: dict[tuple[str, str], int] = {}
    with ThreadPoolExecutor(THREADS) as threads:
        return [key and numbers.setdefault(key, len(numbers)) for key in threads.map(_patient, paths)]


def _patient(path: str) -> tuple[str, str] | None:
    if path.lower().endswith(NEVER_DICOM):
        return None
    try:
        with header_kept_private():
            dataset = _header(path)
            number, issuer = (str(dataset.get(tag) or "").strip() for tag in _WANTED) if dataset else ("", "")
    except Exception:  # whatever damaged headers raise: the file is judged when it is decoded
        return None
    return (issuer, number) if number else None


def _header(path: str) -> Dataset | None:
    """Read a header with its pixels left on disk, unless the file is packed or cut at its beginning; None if it is no
    DICOM file."""
    if split(path):
        return _unpacked(read_file(path))
    with open(path, "rb", opener=open_regular) as file:
        head = file.read(HEAD_BYTES)
        is_deflated = DeflatedExplicitVRLittleEndian.encode() in head
        if head.startswith(MAGIC) or is_deflated or cut_from_preamble(head):
            return _unpacked(head + file.read())
        if not is_dicom(head):
            return None
        file.seek(0)
        return dcmread(file, stop_before_pixels=True, specific_tags=_WANTED, force=True)


def _unpacked(data: bytes) -> Dataset | None:
    """Read a whole file, within bounds."""
    content = inflate(data, DEFAULT_LIMITS) if data.startswith(MAGIC) else data
    return read_dataset(content, DEFAULT_LIMITS) if is_dicom(content[:HEAD_BYTES]) else None

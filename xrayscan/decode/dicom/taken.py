"""When a film was taken: for the reading order alone, so that none waits too long. It stands in no report.

Source: DICOM PS3.3 C.7.6.1 (Acquisition DateTime, Date and Time), C.7.2.1 (Study Date and Time), C.12.1.1.8 (Timezone
Offset From UTC); PS3.5 section 6.2 (DA, TM, DT).
"""

import re
from datetime import datetime, timedelta, timezone, tzinfo

from pydicom.dataset import Dataset

_DATE, _CLOCK = r"(\d{4})(\d\d)(\d\d)", r"(\d\d)(?:(\d\d)(?:\d\d(?:\.\d{1,6})?)?)?"
_OFFSET = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)")
_MOMENT = re.compile(f"{_DATE}{_CLOCK}({_OFFSET.pattern})?")
_PAIRS = (("AcquisitionDate", "AcquisitionTime"), ("StudyDate", "StudyTime"))


def taken_ns(dataset: Dataset) -> int | None:
    """Return when an image was acquired, else when its study began: the minute, in ns since 1970.

    Without an offset from UTC the time is that of this machine's zone. None where the header gives no day and hour.
    """
    pairs = (_text(dataset, day) + _text(dataset, hour) for day, hour in _PAIRS if _text(dataset, hour))
    for moment in (_text(dataset, "AcquisitionDateTime"), *pairs):
        found = _MOMENT.fullmatch(moment)
        if found and (read := _read(found, _zone(found[6] or _text(dataset, "TimezoneOffsetFromUTC")))) is not None:
            return read
    return None


def _read(found: re.Match[str], zone: tzinfo | None) -> int | None:
    try:
        moment = datetime(*(int(part or 0) for part in found.groups()[:5]), tzinfo=zone)  # type: ignore[arg-type,misc]
        return int(moment.timestamp()) * 1_000_000_000
    except (ValueError, OverflowError, OSError):  # the 31st of February, or years that the system does not know
        return None


def _zone(offset: str) -> tzinfo | None:
    found = _OFFSET.fullmatch(offset)
    if not found:
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-ahead if found[1] == "-" else ahead)


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        return str(dataset.get(keyword) or "").strip(" \0")
    except Exception:  # a damaged element costs the time, not the film
        return ""

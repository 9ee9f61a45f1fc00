"""When a film was taken, as its header says; nothing that is no day and hour counts."""

import calendar
import time

import pytest
from films import dicom, read

NOON = calendar.timegm((2026, 11, 5, 12, 30, 0)) * 1_000_000_000  # UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def taken(**elements):
    return read(dicom(**elements)).taken_ns


STUDY = {"StudyDate": "20261105", "StudyTime": "123045.5"}
LATER = {"AcquisitionDate": "20261105", "AcquisitionTime": "1300"}


@pytest.mark.parametrize(
    ("elements", "minutes"),
    [
        (STUDY, 0),
        (STUDY | {"TimezoneOffsetFromUTC": "+0130"}, -90),
        (STUDY | {"TimezoneOffsetFromUTC": "-0500"}, 300),
        (STUDY | {"TimezoneOffsetFromUTC": "+9900"}, 0),
        ({"StudyDate": "20261105", "StudyTime": "12"}, -30),
        (STUDY | LATER, 30),
        (STUDY | LATER | {"AcquisitionDateTime": "20261105123100+0000"}, 1),
        ({"AcquisitionDateTime": "202611051230-0100", "TimezoneOffsetFromUTC": "+0300"}, 60),
        (STUDY | {"AcquisitionDateTime": "20261105"}, 0),
        (STUDY | {"AcquisitionDate": "20260231", "AcquisitionTime": "1300"}, 0),
    ],
)
def test_the_acquisition_counts_and_else_the_study_at_its_own_offset_to_the_minute(elements, minutes):
    assert taken(**elements) == NOON + minutes * 60_000_000_000


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"StudyDate": "20261105"},
        {"StudyTime": "1230"},
        {"StudyDate": "", "StudyTime": ""},
        {"StudyDate": "2026.11.05", "StudyTime": "1230"},
        {"StudyDate": "20261105", "StudyTime": "12:30"},
        {"StudyDate": "20261305", "StudyTime": "1230"},
        {"StudyDate": "20261105", "StudyTime": "2530"},
        {"StudyDate": "00000000", "StudyTime": "000000"},
        {"StudyDate": ["20261105", "20261106"], "StudyTime": "1230"},
    ],
)
def test_what_is_no_day_and_hour_is_no_time(elements):
    assert taken(**elements) is None

"""Films that have waited too long come first, whatever they score."""

import os
import time

import pytest
from click import BadParameter
from films import dicom
from small import film_pixels, write_film

from xrayscan import RankSettings, ScanSettings, scan, write_reports
from xrayscan.cli.types import Duration
from xrayscan.sources.source import Source


@pytest.mark.parametrize("by", ["image", "study"])
def test_films_that_waited_too_long_come_first_the_oldest_in_front_and_say_so(tmp_path, model_file, by):
    films = [write_film(tmp_path / "in" / f"{n}.png", n) for n in range(5)]
    settings = ScanSettings(workers=0, device="cpu", rank=RankSettings(by=by))
    with scan(tmp_path / "in", model=model_file, out=tmp_path / "out", settings=settings) as worklist:
        usual = [os.path.basename(row.source) for row in worklist.scored()]
    for hours, name in ((3, usual[-1]), (5, usual[-2]), (1, usual[-3])):
        then = time.time() - 3600 * hours
        os.utime(tmp_path / "in" / name, (then, then))
    settings = ScanSettings(workers=0, device="cpu", rank=RankSettings(by=by, max_wait=7200))
    with scan(tmp_path / "in", model=model_file, out=tmp_path / "out", settings=settings) as worklist:
        rows = list(worklist.scored())
    order = [os.path.basename(row.source) for row in rows]
    assert order == [usual[-2], usual[-1], *usual[:-2]]
    told = ["waiting longest (file time)" in row.flags for row in rows]
    assert told == [True, True, False, False, False]
    assert len(films) == len(rows)


def test_a_time_has_a_unit_or_is_in_seconds():
    assert [Duration().convert(text, None, None) for text in ("90", "90s", "30m", "2h", 7200.0)] == [
        90,
        90,
        1800,
        7200,
        7200,
    ]
    for wrong in ("", "-2h", "two", "nan", "2w"):
        with pytest.raises(BadParameter):
            Duration().convert(wrong, None, None)


def ago(seconds):
    """Date and time of so long ago, as this machine's zone has it, to the minute."""
    then = time.localtime(time.time() - seconds)
    return {"StudyDate": time.strftime("%Y%m%d", then), "StudyTime": time.strftime("%H%M", then)}


HOUR, DAY = 3600, 86_400


def test_what_counts_is_when_a_film_was_taken_where_its_header_says_so_and_can_be_believed(tmp_path, model_file):
    times = {
        "five hours": ago(5 * HOUR),
        "three hours": ago(3 * HOUR),
        "one hour": ago(HOUR),
        "none": {},
        "a film of last year to compare with": ago(365 * DAY),
        "tomorrow": ago(-DAY),
    }
    (tmp_path / "in").mkdir()
    for n, (name, said) in enumerate(times.items()):
        (tmp_path / "in" / f"{name}.dcm").write_bytes(dicom(film_pixels(n, 64), bits=8, **said))
    settings = ScanSettings(workers=0, device="cpu", rank=RankSettings(max_wait=2 * HOUR))
    with scan(tmp_path / "in", model=model_file, out=tmp_path / "out", settings=settings) as worklist:
        rows = list(worklist.scored())
        write_reports(worklist, tmp_path / "out", ["csv", "jsonl", "html"])
    lifted = [os.path.basename(row.source)[:-4] for row in rows if "waiting longest" in row.flags]
    assert lifted == [os.path.basename(row.source)[:-4] for row in rows[:2]] == ["five hours", "three hours"]
    everything = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    days = {said["StudyDate"] for name, said in times.items() if name in ("tomorrow", list(times)[4])}
    assert not any(day.encode() in everything for day in days)


def test_a_film_of_a_place_that_tells_no_time_does_not_wait_since_1970(tmp_path, model_file):
    film = write_film(tmp_path / "in" / "a.png", 1)
    untimed = Source(os.fspath(film), os.fspath(film), size=film.stat().st_size)
    settings = ScanSettings(workers=0, device="cpu", rank=RankSettings(max_wait=1))
    with scan([untimed], model=model_file, out=tmp_path / "out", settings=settings) as worklist:
        (row,) = worklist.scored()
    assert not any("waiting" in flag for flag in row.flags)

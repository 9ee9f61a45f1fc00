"""Films that have waited too long come first, whatever they score."""

import os
import time

import pytest
from click import BadParameter
from small import write_film

from xrayscan import RankSettings, ScanSettings, scan
from xrayscan.cli.types import Duration


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
    assert ["waiting longest" in row.flags for row in rows] == [True, True, False, False, False]
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

import json
import os
from datetime import UTC, datetime

import pytest

from xrayscan.observing.status_file import read_status
from xrayscan.report.interface import PictureSettings
from xrayscan.report.reopen import asked, when
from xrayscan.worklist.order import RankSettings


@pytest.mark.parametrize("odd", [None, [], "x", 3, -3, float("nan"), {}, [3], {"top": -3, "by": "x"}])
@pytest.mark.parametrize("key", ["", "settings", "pictures", "rank", "models", "paths"])
def test_what_makes_no_sense_in_a_runs_record_counts_as_not_given(tmp_path, key, odd):
    settings = {"models": ["runs/a"], "paths": ["films"]} | {key: odd}
    content = {"": odd, "settings": {"settings": odd}}.get(key, {"settings": settings, "finished": odd})
    (tmp_path / "run.json").write_text(json.dumps(content))
    found = asked(str(tmp_path))
    RankSettings(**found.rank)
    PictureSettings(**found.pictures)
    assert all(isinstance(text, str) for text in (found.model, found.when, *found.folders))
    assert found.model == ("default" if key in ("", "settings", "models") else "runs/a")


def test_a_time_is_written_for_people():
    assert when(datetime(2026, 11, 21, 12, 30, tzinfo=UTC).isoformat()) == "2026-11-21 12:30 UTC"
    assert when("yesterday") == ""


@pytest.mark.parametrize("read", [asked, read_status])
def test_lists_without_end_and_pipes_in_place_of_what_a_run_tells_count_as_nothing_told(tmp_path, read):
    names = [tmp_path / "run.json", tmp_path / "status.json"]
    for path in names:
        path.write_text("[" * 100_000)
    assert read(str(tmp_path)) == read(str(tmp_path / "none"))
    for path in names:
        path.unlink()
        os.mkfifo(path)
    assert read(str(tmp_path)) == read(str(tmp_path / "none"))

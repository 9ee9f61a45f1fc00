import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from small import make_model, write_film

from xrayscan.cli import main
from xrayscan.errors import InputError
from xrayscan.files.text import with_size
from xrayscan.model.file import load_model
from xrayscan.report.interface import PictureSettings
from xrayscan.report.reopen import Asked, asked, reopen, when
from xrayscan.store.store import Store
from xrayscan.worklist.order import RankSettings


@pytest.fixture
def scanned(tmp_path):
    """A run over four films and a file that is none, by a small model."""
    for n in range(4):
        write_film(tmp_path / "films" / f"{n}.png", n)
    (tmp_path / "films" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    model = make_model(tmp_path / "small.safetensors")
    done = call("predict", tmp_path / "films", "--model", model, "--out", tmp_path / "run", "--workers", "0")
    assert done.exit_code == 6, done.output
    return tmp_path / "run"


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def kinds(run):
    """How many elements of each kind of picture the page has."""
    found = re.findall(r'<script type="text/plain" id="(\w+)-\d+">', (run / "triage.html").read_text(encoding="utf-8"))
    return {kind: found.count(kind) for kind in set(found)}


def test_predict_puts_pictures_and_heatmaps_into_the_page(scanned):
    assert kinds(scanned) == {"thumb": 4, "film": 4, "heat": 4}
    assert not (scanned / "heatmaps").exists()


def test_the_reports_are_written_again_with_other_settings_and_without_scanning(scanned):
    before = (scanned / "scan.sqlite").read_bytes()
    done = call("report", scanned, "--no-images", "--prevalence", "0.01")
    assert done.exit_code == 6
    assert re.search(r"triage\.html \([\d.]+ [kM]B\)", done.stderr)
    page = (scanned / "triage.html").read_text(encoding="utf-8")
    assert re.search(r"to\s+1\.0 %", page)
    assert kinds(scanned) == {}
    assert (scanned / "scan.sqlite").read_bytes() == before
    assert json.loads((scanned / "run.json").read_text())["settings"]["rank"]["prevalence"] is None


def test_settings_of_the_run_hold_unless_others_are_given(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--threshold", "0.25", "--workers", "0")
    call("predict", tmp_path / "films", *asked_for)
    call("report", scanned, "--heatmaps", "none")
    assert "a threshold given by the user" in (scanned / "triage.html").read_text(encoding="utf-8")
    assert kinds(scanned) == {"thumb": 4, "film": 4}


def test_a_page_that_was_asked_for_without_pictures_stays_without(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--workers", "0")
    call("predict", tmp_path / "films", *asked_for, "--no-images", "--html-top", "3")
    call("report", scanned, "--prevalence", "0.1")
    assert kinds(scanned) == {}
    call("predict", tmp_path / "films", *asked_for, "--html-top", "3", "--heatmaps", "1", "--format", "csv")
    call("report", scanned)
    assert kinds(scanned) == {"thumb": 3, "film": 3, "heat": 1}


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


def test_a_page_without_pictures_can_have_them_again(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--workers", "0")
    call("predict", tmp_path / "films", *asked_for, "--no-images", "--heatmaps", "1")
    call("report", scanned, "--images")
    assert kinds(scanned) == {"thumb": 4, "film": 4, "heat": 1}


def test_a_scan_that_fails_before_it_reads_leaves_the_earlier_one_whole(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--workers", "0")
    write_film(tmp_path / "films" / "new.png", 9)
    assert call("predict", tmp_path / "films", *asked_for, "--device", "cuda:99").exit_code == 2
    assert call("report", scanned).exit_code == 6
    assert kinds(scanned) == {"thumb": 4, "film": 4, "heat": 4}
    assert call("predict", tmp_path / "films", *asked_for).exit_code == 6
    assert kinds(scanned) == {"thumb": 5, "film": 5, "heat": 5}


def test_a_scan_that_was_interrupted_is_not_reported_as_if_it_were_whole(scanned, tmp_path):
    before = (scanned / "triage.csv").read_bytes()
    fingerprint = load_model(str(tmp_path / "small.safetensors")).fingerprint
    with Store.open(str(scanned / "scan.sqlite"), models=(fingerprint,)) as store:
        store.write()  # begun and not finished
    done = call("report", scanned)
    assert done.exit_code == 5
    assert "was interrupted: run the same `xrayscan predict` again" in done.stderr
    assert (scanned / "triage.csv").read_bytes() == before


def test_a_film_that_is_gone_or_changed_has_a_placeholder(scanned, tmp_path):
    (tmp_path / "films" / "0.png").unlink()
    write_film(tmp_path / "films" / "1.png", 99)
    assert call("report", scanned).exit_code == 6
    assert kinds(scanned) == {"thumb": 2, "film": 2, "heat": 2, "problem": 2}


def test_only_the_first_rows_have_pictures(scanned):
    call("report", scanned, "--html-top", "2", "--heatmaps", "1")
    assert kinds(scanned) == {"thumb": 2, "film": 2, "heat": 1}


def test_heatmaps_are_written_as_files_in_the_worklists_order(scanned):
    call("report", scanned, "--heatmap-files", "--format", "csv")
    assert [path.name[:5] for path in sorted((scanned / "heatmaps").iterdir())] == ["00001", "00002", "00003", "00004"]
    (scanned / "heatmaps" / "mine.png").touch()
    call("report", scanned, "--heatmap-files", "--heatmaps", "1", "--no-images")
    assert [path.name[:5] for path in sorted((scanned / "heatmaps").iterdir())] == ["00001", "mine."]


def test_heatmaps_by_a_model_that_did_not_score_are_refused(scanned, tmp_path):
    other = make_model(tmp_path / "other.safetensors", seed=1)
    done = call("report", scanned, "--model", other)
    assert done.exit_code == 4
    assert "is not the model that scored: give that one, or --heatmaps none" in done.stderr
    assert call("report", scanned, "--model", other, "--heatmaps", "none").exit_code == 6


def test_a_folder_without_a_scan_is_refused(tmp_path):
    with pytest.raises(InputError, match="no scan in this folder"):
        reopen(str(tmp_path))
    assert call("report", tmp_path).exit_code == 3


def test_a_run_without_its_record_is_still_reported(scanned):
    (scanned / "run.json").write_text("{")
    assert asked(str(scanned)) == Asked()
    assert call("report", scanned, "--heatmaps", "none").exit_code == 6


def test_a_time_is_written_for_people():
    assert when(datetime(2026, 11, 21, 12, 30, tzinfo=UTC).isoformat()) == "2026-11-21 12:30 UTC"
    assert when("yesterday") == ""


def test_sizes_of_files_are_stated_in_kilobytes_and_megabytes(tmp_path):
    for size, shown in ((1500, "1.5 kB"), (2_340_000, "2.3 MB")):
        (tmp_path / "a").write_bytes(bytes(size))
        assert with_size(str(tmp_path / "a")) == f"{tmp_path / 'a'} ({shown})"

"""Reports are written again from what a scan kept."""

import json
import re

import pytest
from command_line import xrayscan
from small import pictures_of

from xrayscan.errors import InputError
from xrayscan.model.file import load_model
from xrayscan.report.reopen import Asked, asked, reopen
from xrayscan.store.store import Store


def test_the_reports_are_written_again_with_other_settings_and_without_scanning(scanned):
    before = (scanned / "scan.sqlite").read_bytes()
    done = xrayscan("report", scanned, "--no-images", "--prevalence", "0.01")
    assert done.exit_code == 6
    assert re.search(r"triage\.html \([\d.]+ [kM]B\)", done.stderr)
    page = (scanned / "triage.html").read_text(encoding="utf-8")
    assert re.search(r"to\s+1\.0 %", page)
    assert pictures_of(scanned) == {}
    assert (scanned / "scan.sqlite").read_bytes() == before
    assert json.loads((scanned / "run.json").read_text())["settings"]["rank"]["prevalence"] is None


def test_settings_of_the_run_hold_unless_others_are_given(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--threshold", "0.25", "--workers", "0")
    assert "Resumed earlier scan" in xrayscan("predict", tmp_path / "films", *asked_for).stderr
    told = xrayscan("report", scanned, "--heatmaps", "none").stderr
    assert "Resumed" not in told  # it scans nothing
    assert "--fresh" not in told
    assert "a threshold given by the user" in (scanned / "triage.html").read_text(encoding="utf-8")
    assert pictures_of(scanned) == {"thumb": 4, "film": 4}


def test_a_page_that_was_asked_for_without_pictures_stays_without(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--workers", "0")
    xrayscan("predict", tmp_path / "films", *asked_for, "--no-images", "--html-top", "3")
    xrayscan("report", scanned, "--prevalence", "0.1")
    assert pictures_of(scanned) == {}
    xrayscan("predict", tmp_path / "films", *asked_for, "--html-top", "3", "--heatmaps", "1", "--format", "csv")
    xrayscan("report", scanned)
    assert pictures_of(scanned) == {"thumb": 3, "film": 3, "heat": 1}


def test_a_page_without_pictures_can_have_them_again(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--workers", "0")
    xrayscan("predict", tmp_path / "films", *asked_for, "--no-images", "--heatmaps", "1")
    xrayscan("report", scanned, "--images")
    assert pictures_of(scanned) == {"thumb": 4, "film": 4, "heat": 1}


def test_a_scan_that_was_interrupted_is_not_reported_as_if_it_were_whole(scanned, tmp_path):
    before = (scanned / "triage.csv").read_bytes()
    fingerprint = load_model(str(tmp_path / "small.safetensors")).fingerprint
    with Store.open(str(scanned / "scan.sqlite"), models=(fingerprint,)) as store:
        store.write()  # begun and not finished
    done = xrayscan("report", scanned)
    assert done.exit_code == 5
    assert "was interrupted: run the same `xrayscan predict` again" in done.stderr
    assert (scanned / "triage.csv").read_bytes() == before


def test_a_folder_without_a_scan_is_refused(tmp_path):
    with pytest.raises(InputError, match="no scan in this folder"):
        reopen(str(tmp_path))
    assert xrayscan("report", tmp_path).exit_code == 3


def test_a_run_without_its_record_is_still_reported(scanned):
    (scanned / "run.json").write_text("{")
    assert asked(str(scanned)) == Asked()
    assert xrayscan("report", scanned, "--heatmaps", "none").exit_code == 6

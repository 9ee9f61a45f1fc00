import os

import pytest

from xrayscan import OutputError, UsageError
from xrayscan.plugin.registry import Registry
from xrayscan.plugin.reports import write_reports


def test_all_formats_are_written_unless_some_are_chosen(worklist, tmp_path):
    made = worklist(("a", 0.5))
    out = tmp_path / "out"
    out.mkdir()
    assert write_reports(made, str(out), ["jsonl"]) == [str(out / "triage.jsonl")]
    assert os.listdir(out) == ["triage.jsonl"]
    assert write_reports(made, str(out)) == [str(out / f"triage.{name}") for name in ("csv", "jsonl", "html")]
    assert sorted(os.listdir(out)) == ["triage.csv", "triage.html", "triage.jsonl"]


def test_reports_of_the_same_records_are_the_same_bytes(worklist, tmp_path):
    made = worklist(("b", 0.5), ("a", 0.5), ("c", "no"))
    contents = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        paths = write_reports(made, str(tmp_path / folder))
        contents.append([open_bytes(path) for path in paths])
    assert contents[0] == contents[1]


def test_an_unknown_format_is_refused_with_those_there_are_before_anything_is_written(worklist, tmp_path):
    with pytest.raises(UsageError, match="unknown report format 'docx': choose among csv, jsonl, html"):
        write_reports(worklist(), str(tmp_path), ["csv", "docx"])
    assert not (tmp_path / "triage.csv").exists()


def test_a_report_that_writes_nothing_was_not_written(worklist, tmp_path, monkeypatch):
    monkeypatch.setattr("xrayscan.plugin.reports.load_registry", lambda: Registry(reports={"idle": Idle()}))
    with pytest.raises(OutputError, match=r"'idle' was not written: .*it wrote no triage.idle"):
        write_reports(worklist(), str(tmp_path), ["idle"])


class Idle:
    name = suffix = "idle"
    shows_pictures = False

    def write(self, worklist, path, page):
        pass


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()

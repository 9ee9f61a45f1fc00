import os

import pytest

from xrayscan import UsageError
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


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()

"""The worklist as a workbook: the CSV's cells with their types, texts that stay texts, and the same bytes each time."""

import json
import sys

import pytest

from xrayscan.errors import UsageError
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.reports import write_reports
from xrayscan.report import xlsx
from xrayscan.testing.report import CLAUSES, HOSTILE, toy_worklist

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed: pip install 'xrayscan[xlsx]'")


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
def test_the_contract_of_reports_is_kept(clause):
    clause(load_registry().report("xlsx"))


def test_a_spreadsheet_reads_the_same_values_and_computes_none_of_them(tmp_path):
    with toy_worklist() as worklist:
        write_reports(worklist, tmp_path, ["jsonl", "xlsx"])
    with open(tmp_path / "triage.jsonl") as file:
        lines = [json.loads(line) for line in file]
    book = openpyxl.load_workbook(tmp_path / "triage.xlsx")
    sheet = book["worklist"]
    names, *rows = ([cell.value for cell in row] for row in sheet.rows)
    assert names == list(lines[0])
    found = [row[names.index("probability")] for row in rows]
    assert found[:6] == pytest.approx([line["probability"] for line in lines][:6], rel=1e-15)
    assert found[6:] == [None, None]
    assert [row[names.index("rank")] for row in rows] == [line["rank"] for line in lines]
    sources = [row[names.index("source")] for row in rows]
    assert {"=1+1.png", "Ä 肺.png"} <= set(sources)
    assert "a␊b␛[31m.png" in sources
    assert {cell.data_type for row in sheet.rows for cell in row} <= {"s", "n"}
    assert book["about"]["A1"].value.endswith("Not a diagnosis.")
    assert len(sources) == len(HOSTILE) + 2


@pytest.mark.parametrize(
    ("text", "read"), [("_x0041_", "_x0041_"), ("a\ufffe", "a\ufffd"), ("x" * 40_000, "x" * 32_767), ("=1", "=1")]
)
def test_a_text_comes_back_as_it_was(tmp_path, text, read):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append([xlsx._text(sheet, text)])
    book.save(tmp_path / "one.xlsx")
    assert openpyxl.load_workbook(tmp_path / "one.xlsx").active["A1"].value in (read, read.replace("_x", "_x005F_x"))


def test_a_workbook_is_written_only_on_request_and_says_what_is_missing(tmp_path, monkeypatch):
    with toy_worklist() as worklist:
        assert not any(path.endswith(("xlsx", "pdf")) for path in write_reports(worklist, tmp_path))
        monkeypatch.setitem(sys.modules, "openpyxl", None)
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(UsageError, match=r"pip install 'xrayscan\[xlsx\]'"):
            write_reports(worklist, tmp_path, ["xlsx"])

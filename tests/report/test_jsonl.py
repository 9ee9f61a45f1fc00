import json

from xrayscan.report.jsonl import write_jsonl
from xrayscan.report.table import COLUMNS


def written(worklist, tmp_path):
    path = tmp_path / "triage.jsonl"
    write_jsonl(worklist, str(path))
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_every_row_is_an_object_with_the_columns_as_keys(worklist, tmp_path):
    scored, failed = written(worklist(("a", 0.1 + 0.2, {"rows": 3, "columns": 4, "view": "LL"}), ("b", "no")), tmp_path)
    assert tuple(scored) == tuple(failed) == COLUMNS
    assert scored["probability"] == 0.1 + 0.2
    assert (scored["rank"], scored["rows"], scored["columns"], scored["flags"]) == (1, 3, 4, ["lateral"])
    assert scored["reason"] is None
    assert failed["reason"] == "no"
    assert [failed[name] for name in ("rank", "probability", "tier", "prediction", "view", "rows")] == [None] * 6


def test_names_come_back_as_they_are_and_each_row_is_one_line(worklist, tmp_path):
    names = ["new\nline\u2028\x85.png", "\u202egnp.x", "🫁.jpeg", "=1", '"\\']
    rows = written(worklist(*((name, 0.5) for name in names)), tmp_path)
    assert sorted(row["source"] for row in rows) == sorted(names)


def test_bytes_that_are_no_text_are_spelt_as_in_the_csv(worklist, tmp_path):
    (row,) = written(worklist(("\udcff.dcm", 0.5)), tmp_path)
    assert row["source"] == r"\udcff.dcm"

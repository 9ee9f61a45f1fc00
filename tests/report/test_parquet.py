"""The worklist as Parquet and gzipped: the same rows as in the CSV and in JSON Lines, whoever reads them."""

import csv
import gzip
import json
import os

import pytest
from command_line import xrayscan
from films import film, png

from xrayscan.errors import InputError, OutputError, UsageError
from xrayscan.plugin.reports import write_reports
from xrayscan.report.csv import csv_cell
from xrayscan.report.query import select
from xrayscan.store.record import Facts, ScanRecord
from xrayscan.store.store import Store
from xrayscan.testing.report import toy_worklist

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'xrayscan[parquet]'")
parquet = pytest.importorskip("pyarrow.parquet")

ENTRIES = (
    ScanRecord("in/b.dcm", Facts(study_uid="1.2", view="LL", rows=10, columns=20), (1 / 3,), flags=("lateral", "a;b")),
    ScanRecord("=1+1.png", Facts(unlikeness=0.25, format="PNG"), (0.9,)),
    ScanRecord("bytes\udcff\n.png", Facts(), (1.0,)),
    ("in/a.jpeg", "truncated JPEG"),
)


@pytest.fixture
def run(worklist, tmp_path):
    """Write a worklist of these entries in all formats; return the folder."""

    def write(*entries, formats=("csv", "jsonl", "csv.gz", "jsonl.gz", "parquet")):
        write_reports(worklist(*entries), tmp_path, formats)
        return tmp_path

    return write


def rows_of(path):
    opened = gzip.open(path, "rt", newline="") if path.suffix == ".gz" else open(path, newline="")  # noqa: SIM115
    with opened as file:
        return [json.loads(line) for line in file] if "jsonl" in path.name else list(csv.reader(file))


def by_pyarrow(folder):
    return parquet.read_table(folder).to_pylist()


def by_duckdb(folder):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'xrayscan[query]'")
    found = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [str(folder / "*.parquet")])
    names = [name for name, *_ in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def by_polars(folder):
    polars = pytest.importorskip("polars", reason="polars is not installed: pip install polars")
    return polars.read_parquet(folder).to_dicts()


@pytest.mark.parametrize("rows", [1, 50_000], ids=["in two parts", "in one"])
@pytest.mark.parametrize("read", [by_pyarrow, by_duckdb, by_polars])
def test_the_parts_hold_what_the_csv_and_json_lines_hold(read, rows, run, monkeypatch):
    monkeypatch.setattr("xrayscan.report.arrow.ROWS", rows)
    monkeypatch.setattr("xrayscan.report.parquet.BATCHES", 3)
    folder = run(*ENTRIES)
    parts = [parquet.ParquetFile(path) for path in sorted((folder / "triage.parquet").iterdir())]
    assert [part.metadata.num_rows for part in parts] == ([3, 1] if rows == 1 else [4])
    found = read(folder / "triage.parquet")
    assert found == rows_of(folder / "triage.jsonl")
    header, *cells = rows_of(folder / "triage.csv")
    assert list(found[0]) == header
    assert [[csv_cell(value) for value in row.values()] for row in found] == cells


def test_columns_have_types_and_a_notice(run):
    schema = parquet.read_table(run(*ENTRIES) / "triage.parquet").schema
    assert str(schema.field("probability").type) == "double"
    assert schema.metadata[b"notice"].endswith(b"Not a diagnosis.")


def test_gzipped_reports_hold_the_same_bytes(run):
    folder = run(*ENTRIES)
    for name in ("triage.csv", "triage.jsonl"):
        assert gzip.decompress((folder / f"{name}.gz").read_bytes()) == (folder / name).read_bytes()


def test_an_empty_worklist_has_its_columns(run):
    folder = run()
    assert parquet.read_table(folder / "triage.parquet").num_rows == 0
    (part,) = (folder / "triage.parquet").iterdir()
    assert parquet.read_schema(part).names == rows_of(folder / "triage.csv")[0]


@pytest.fixture
def scanning(tmp_path, monkeypatch):
    """A scan of five films into a folder, each a batch; it breaks off after three of them where that is asked for."""
    monkeypatch.setattr("xrayscan.report.parquet.SOON", 0.0)
    monkeypatch.setattr("xrayscan.store.store.COMMIT_SECONDS", 0.0)
    (tmp_path / "ward").mkdir()
    for n in range(5):
        (tmp_path / "ward" / f"{n}.png").write_bytes(png(film(96, 80 + n)))
    (tmp_path / "ward" / "notes.txt").write_text("no film")
    write = Store.write

    def predict(*words, breaks_off=False):
        def broken(store, records=(), **how):
            write(store, records, **how)
            if store.counts().scored >= 3:
                raise OutputError("the power is gone")

        with monkeypatch.context() as patched:
            if breaks_off:
                patched.setattr(Store, "write", broken)
            words = ("--out", tmp_path / "run", "--workers", "0", "--batch-size", "1", *words)
            return xrayscan("predict", tmp_path / "ward", *words)

    return predict, tmp_path / "run"


def test_a_scan_that_breaks_off_leaves_what_it_recorded_and_one_that_ends_a_worklist(scanning):
    predict, run = scanning
    assert predict("--format", "csv,parquet", breaks_off=True).exit_code == 5
    assert not (run / "triage.parquet").exists()
    parts = run / "triage.scanning.parquet"
    early = by_pyarrow(parts)
    assert 0 < len(early) < 5
    assert predict("--format", "csv,parquet").exit_code == 0
    rows = by_pyarrow(run / "triage.parquet")
    assert [[csv_cell(value) for value in row.values()] for row in rows] == rows_of(run / "triage.csv")[1:]
    assert not parts.exists()
    by_source = {row["source"]: row for row in rows}
    assert all({**by_source[row["source"]], "rank": None} == row for row in early)


def test_parts_of_a_scan_that_broke_off_stay_until_one_ends_and_are_added_to(scanning):
    predict, run = scanning
    assert predict("--format", "parquet", breaks_off=True).exit_code == 5
    parts = run / "triage.scanning.parquet"
    before = {path.name: path.read_bytes() for path in parts.iterdir()}
    assert predict("--format", "csv,parquet", "--exclude", "notes.txt", breaks_off=True).exit_code == 5
    after = {path.name: path.read_bytes() for path in parts.iterdir()}
    assert before.items() <= after.items()
    sources = [row["source"] for row in by_pyarrow(parts)]
    assert len(sources) == len(set(sources))
    assert predict("--format", "parquet", "--fresh", breaks_off=True).exit_code == 5
    assert len(by_pyarrow(parts)) < 5, "what was forgotten is gone"


def test_a_query_of_a_scan_that_broke_off_sees_its_parts_until_it_has_ended_without(scanning):
    pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'xrayscan[query]'")
    predict, run = scanning
    predict("--format", "parquet", breaks_off=True)
    assert list(select(str(run), "rank IS NULL AND probability >= 0", ["source"])[1])
    assert predict("--format", "csv").exit_code == 0
    with pytest.raises(InputError, match="--format parquet"):
        select(str(run), "true")


def test_several_models_keep_their_columns_apart(tmp_path):
    from xrayscan.report.arrow import _type

    assert str(_type("probability other")) == str(_type("mean probability")) == "double"
    assert str(_type("tier probability")) == "string"


def test_these_formats_are_written_only_where_they_are_named(tmp_path):
    with toy_worklist() as worklist:
        write_reports(worklist, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["triage.csv", "triage.html", "triage.jsonl"]


def test_a_missing_package_is_told_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with toy_worklist() as worklist, pytest.raises(UsageError, match=r"xrayscan\[parquet\]"):
        write_reports(worklist, tmp_path, ["csv", "parquet"])
    assert not os.listdir(tmp_path)


def test_a_full_disk_is_told_and_leaves_nothing(worklist, tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left"):
        write_reports(worklist(*ENTRIES), tmp_path, ["parquet"])
    assert not list(tmp_path.glob("triage*"))


@pytest.fixture
def queried(run):
    pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'xrayscan[query]'")
    folder = run(*ENTRIES)

    def query(condition, *columns):
        names, rows = select(str(folder), condition, *([list(columns)] if columns else []))
        return names, list(rows)

    return query


def test_a_query_finds_the_rows_of_a_condition_in_their_order(queried):
    assert queried("tier = 'high'", "source", "probability")[1] == [("bytes\\udcff\n.png", 1.0), ("=1+1.png", 0.9)]
    assert queried("list_contains(flags, 'lateral')", "source")[1] == [("in/b.dcm",)]
    assert queried("status = 'failed' AND rank IS NULL", "reason")[1] == [("truncated JPEG",)]
    assert queried("probability > 2")[1] == []
    assert len(queried("true", "*")[0]) == 19


@pytest.mark.parametrize("condition", ["tier =", "tear = 'high'", "1 = 1; DROP TABLE worklist", ""])
def test_what_is_no_condition_is_told(condition, queried):
    with pytest.raises(UsageError, match="condition"):
        queried(condition)


def test_a_misspelt_column_of_a_condition_is_answered_with_the_nearest_one(queried):
    with pytest.raises(UsageError, match=r"no column 'probabilty' \(did you mean 'probability'\?\)"):
        queried("probabilty > 0.5")


def test_a_condition_sees_no_other_file(queried, tmp_path):
    (tmp_path / "other.csv").write_text("a\n1\n")
    with pytest.raises(UsageError, match="condition"):
        queried(f"rank IN (SELECT a FROM read_csv('{tmp_path}/other.csv'))")


def test_an_unknown_column_is_told(queried):
    with pytest.raises(UsageError, match="no column 'sauce'"):
        queried("true", "sauce")


def test_a_run_without_the_file_or_with_an_older_one_is_told(run):
    pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'xrayscan[query]'")
    folder = run(*ENTRIES, formats=["csv"])
    with pytest.raises(InputError, match="--format parquet"):
        select(str(folder), "true")
    run(formats=["parquet"])
    for part in (folder / "triage.parquet").iterdir():
        part.write_bytes(b"no longer one")
    with pytest.raises(InputError, match="is damaged: run `xrayscan report"):
        select(str(folder), "true")
    run(formats=["parquet"])
    os.utime(folder / "triage.parquet", (1, 1))
    with pytest.raises(InputError, match="older than the scan"):
        select(str(folder), "true")

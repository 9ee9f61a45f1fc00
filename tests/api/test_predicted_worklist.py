"""A worklist as tables and as a notebook shows it."""

import json
import re
import sys

import pytest
from small import make_model, write_film

import xrayscan
from xrayscan.report.table import COLUMNS
from xrayscan.testing.report import HOSTILE


@pytest.fixture(scope="module")
def worklist(tmp_path_factory, model_file):
    """Films under names that mean something to some format, and files that are none."""
    folder = tmp_path_factory.mktemp("odd")
    for seed, name in enumerate(HOSTILE):
        write_film(folder / name.replace("/", "_"), seed)
    (folder / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.txt").write_text("no image")
    with xrayscan.predict(folder, model_file, device="cpu", workers=0) as made:
        yield made


@pytest.fixture(scope="module")
def lines(worklist, tmp_path_factory):
    (path,) = xrayscan.write_reports(worklist, tmp_path_factory.mktemp("reports"), ["jsonl"])
    with open(path) as file:
        return [json.loads(line) for line in file]


def test_arrow_has_the_columns_and_values_of_json_lines(worklist, lines):
    pytest.importorskip("pyarrow")
    table = worklist.to_arrow()
    assert table.column_names == list(COLUMNS)
    assert table.to_pylist() == lines
    kinds = {name: str(table.schema.field(name).type) for name in ("rank", "probability", "flags", "rows", "source")}
    assert kinds["rank"] == kinds["rows"] == "int64"
    assert (kinds["probability"], kinds["source"], kinds["flags"]) == ("double", "string", "list<item: string>")


def test_pandas_has_them_too(worklist, lines):
    pandas = pytest.importorskip("pandas")
    frame = worklist.to_pandas()
    assert list(frame.columns) == list(COLUMNS)
    assert [str(frame[name].dtype) for name in ("rank", "probability", "rows")] == ["Int64", "float64", "Int64"]
    plain = frame.astype(object).where(frame.notna(), None)
    assert [{**row, "flags": list(row["flags"])} for row in plain.to_dict("records")] == lines
    assert pandas.isna(frame["rank"].iloc[-1])


@pytest.mark.parametrize("make", ["to_arrow", "to_pandas"])
def test_an_empty_worklist_has_the_same_columns(make, tmp_path, model_file):
    pytest.importorskip({"to_arrow": "pyarrow", "to_pandas": "pandas"}[make])
    (tmp_path / "empty").mkdir()
    worklist = xrayscan.predict(tmp_path / "empty", model_file, workers=0)
    table = getattr(worklist, make)()
    assert (len(table), len(table.columns)) == (0, len(COLUMNS))


def test_every_model_has_its_columns(films, model_file, tmp_path):
    pytest.importorskip("pyarrow")
    other = make_model(tmp_path / "other.safetensors", seed=3, name="other")
    table = xrayscan.predict(films, [model_file, other], device="cpu", workers=0).to_arrow()
    assert table.column_names[-2:] == ["probability other", "tier other"]
    assert str(table.schema.field("probability other").type) == "double"
    assert table["probability other"].null_count == 0


@pytest.mark.parametrize("make", ["to_arrow", "to_pandas"])
def test_a_library_that_is_missing_is_named_with_how_to_install_it(worklist, monkeypatch, make):
    library = {"to_arrow": "pyarrow", "to_pandas": "pandas"}[make]
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(xrayscan.UsageError, match=rf"{library}.*pip install 'xrayscan\["):
        getattr(worklist, make)()


def test_a_notebook_shows_pictures_and_harmless_names(worklist):
    page = worklist._repr_html_()
    assert page.count('src="data:image/') == len(HOSTILE)
    assert "Not a diagnosis" in page
    assert "1 failed" in page
    assert "1 skipped" in page
    tags = set(re.findall(r"<(/?[a-z]+)", page))
    assert "script" not in tags
    assert not {"/script", "b"} & tags
    assert "\x1b" not in page
    page.encode()


def test_a_film_that_changed_since_is_shown_without_its_picture(films, model_file):
    worklist = xrayscan.predict(films, model_file, device="cpu", workers=0)
    write_film(films / "a.jpeg", 50)
    (films / "b.png").unlink()
    page = worklist._repr_html_()
    assert page.count("<img") == 5
    assert "has changed since it was scored" in page


def test_what_is_closed_keeps_its_counts(films, model_file):
    with xrayscan.predict(films, model_file, device="cpu", workers=0) as worklist:
        pass
    assert worklist.counts.scored == 7
    assert "7 files" in repr(worklist)

"""Each command as one function: its example runs, its arguments are plain, and nothing is printed."""

import ast
import doctest
import gc
import json
import os
import pydoc
import shutil
import subprocess
import sys
import tempfile

import pytest
from small import ROOT, make_model, write_film

import xrayscan
from xrayscan.api import films as api_films
from xrayscan.api import labelled as api_labelled

CALLED = ("predict", "show", "explore", "train", "evaluate")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """What the examples name: films, labelled films, and other labelled films."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "radiographs").mkdir()
    for name in ("film-01.jpeg", "film-02.jpeg", "film-06.png"):
        shutil.copy(ROOT / "sample_images" / name, folder / "radiographs")
    for place, first in (("labelled", 0), ("test-films", 100)):
        for n in range(24):
            write_film(folder / place / ("NORMAL", "PNEUMONIA")[n % 2] / f"patient{first + n:03}.png", first + n)
    return folder


@pytest.mark.parametrize("name", ["predict", "show", "explore", "train", "evaluate"])
def test_the_example_in_every_docstring_runs(workplace, monkeypatch, name):
    monkeypatch.chdir(workplace)
    if name == "evaluate":
        make_model(workplace / "first.safetensors")
    function = getattr(xrayscan, name)
    text = function.__doc__.replace("runs/first", "first.safetensors") if name == "evaluate" else function.__doc__
    module = {"predict": api_films, "show": api_films}.get(name, api_labelled)
    example = doctest.DocTestParser().get_doctest(text, vars(module).copy(), name, None, None)
    assert example.examples
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.failed == 0


def test_the_notebook_runs_cell_by_cell(workplace, monkeypatch):
    """As a kernel would run it: what the last line of a cell comes to is shown."""
    pytest.importorskip("pandas")
    monkeypatch.chdir(workplace)
    cells = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    names, shown = {}, []
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        assert not cell["outputs"], "the notebook is kept without outputs"
        *lines, last = ast.parse("".join(cell["source"])).body
        if not isinstance(last, ast.Expr):
            lines.append(last)
        exec(compile(ast.Module(lines, []), "notebook", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "notebook", "eval"), names)
            shown.append(getattr(value, "_repr_html_", value.__repr__)())
    assert "data:image/" in shown[0]
    assert "data:image/png" in shown[2]


def test_help_shows_ten_names_with_what_they_do_and_imports_no_torch():
    code = "import pydoc, sys, xrayscan; print(pydoc.plain(pydoc.render_doc(xrayscan))); print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    names = [name for name in dir(xrayscan) if not name.startswith("_")]
    assert 8 <= len(names) <= 12
    assert all(f"    {name}(" in told or f"class {name}(" in told for name in names)
    assert xrayscan.__version__ in told
    assert told.endswith("False\n")


def test_what_help_lists_is_exported_and_documented():
    assert set(CALLED) <= set(dir(xrayscan)) <= {*xrayscan.__all__, *(n for n in dir(xrayscan) if n.startswith("__"))}
    assert all(">>> import xrayscan" in pydoc.getdoc(getattr(xrayscan, name)) for name in CALLED)


def test_predict_takes_one_path_or_several_of_any_kind(films, model_file):
    one = xrayscan.predict(str(films), model_file, device="cpu", workers=0)
    several = xrayscan.predict([films / "a.jpeg", os.fsencode(films / "b.png")], [model_file], device="cpu", workers=0)
    assert [len(one), len(several)] == [7, 2]
    assert [row.rank for row in one] == [1, 2, 3, 4, 5, 6, 7]


def test_results_are_told_in_a_line_and_shares_that_are_none_are_refused(workplace, tmp_path):
    model = make_model(tmp_path / "first.safetensors")
    explored = xrayscan.explore(workplace / "labelled", workers=0)
    trained = xrayscan.train(workplace / "labelled", tmp_path / "run", epochs=1, side=32, width=4, device="cpu")
    evaluation = xrayscan.evaluate(workplace / "test-films", model=model, device="cpu")
    assert "12 NORMAL, 12 PNEUMONIA" in repr(explored)
    assert "AUROC" in repr(trained)
    assert "on 24 films" in repr(evaluation)
    assert max(map(len, map(repr, (explored, trained, evaluation)))) < 400
    with pytest.raises(ValueError, match="a prevalence of 5 does not lie"):
        xrayscan.evaluate(workplace / "test-films", model=model, prevalence=5)
    with pytest.raises(ValueError, match="a threshold of 7 is no probability"):
        xrayscan.evaluate(workplace / "test-films", model=model, threshold=7)


def test_a_path_that_is_not_there_is_a_row_that_failed(tmp_path, model_file):
    worklist = xrayscan.predict(tmp_path / "nowhere", model_file, workers=0)
    assert [(row.status, row.reason) for row in worklist] == [("failed", "no such file or folder")]
    assert worklist
    assert "0 scored" in worklist._repr_html_()


def test_nothing_is_printed_and_what_is_not_to_be_kept_is_gone_with_the_worklist(
    films, model_file, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    worklist = xrayscan.predict(films, model_file, device="cpu", workers=0)
    assert [entry.name.startswith("xrayscan-") for entry in tmp_path.iterdir() if entry != films] == [True]
    del worklist
    gc.collect()
    assert list(tmp_path.iterdir()) == [films]
    assert capfd.readouterr() == ("", "")


def test_a_call_that_fails_leaves_no_folder_behind(films, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(xrayscan.ModelError):
        xrayscan.predict(films, "no-such-model", workers=0)
    with pytest.raises(xrayscan.UsageError):
        xrayscan.predict(films, exclude="a[", device="abacus", workers=0)
    assert list(tmp_path.iterdir()) == [films]


def test_a_scan_that_is_kept_goes_on(films, model_file, tmp_path):
    with xrayscan.predict(films, model_file, out=tmp_path / "kept", device="cpu", workers=0) as first:
        assert first.counts.new == 7
    write_film(films / "new.png", 99)
    with xrayscan.predict(films, model_file, out=tmp_path / "kept", device="cpu", workers=0) as second:
        assert (second.counts.kept, second.counts.new) == (7, 1)


def test_a_threshold_and_a_prevalence_are_those_of_the_worklist(films, model_file):
    worklist = xrayscan.predict(films, model_file, device="cpu", workers=0, prevalence=0.1, threshold=0)
    assert worklist.settings.prevalence == 0.1
    assert {row.prediction for row in worklist} == {"PNEUMONIA"}
    with pytest.raises(ValueError, match="prevalence"):
        xrayscan.predict(films, model_file, prevalence=5)


def test_show_refuses_to_replace_a_file_and_shows_the_film_with_its_heatmap(tmp_path, model_file):
    film = write_film(tmp_path / "<b>&.png", 1)
    shown = xrayscan.show(film, model_file, device="cpu", out=tmp_path / "heat.png")
    assert (tmp_path / "heat.png").stat().st_size
    page = shown._repr_html_()
    assert "data:image/png;base64," in page
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;.png" in page
    assert shown.tier in repr(shown)
    with pytest.raises(xrayscan.OutputError, match="is there already"):
        xrayscan.show(film, model_file, out=tmp_path / "heat.png")


def test_arguments_win_over_settings(tmp_path, workplace):
    settings = xrayscan.TrainSettings(parameters={"epochs": 1, "side": 32, "width": 8}, fast_dev_run=True, workers=0)
    trained = xrayscan.train(workplace / "labelled", tmp_path / "run", settings, width=4, seed=5)
    assert trained.model.card.parameters["width"] == 4
    assert trained.model.card.training["seed"] == 5
    assert trained.model.card.is_trial


def test_the_device_that_is_given_wins_over_that_of_the_settings(workplace, model_file):
    elsewhere = xrayscan.EvaluateSettings(placement=xrayscan.Placement("cuda:99"), workers=0, resamples=20)
    evaluation = xrayscan.evaluate(workplace / "test-films", model_file, elsewhere, device="cpu")
    assert evaluation.settings.placement.device == "cpu"
    assert evaluation.settings.resamples == 20


def test_a_script_without_a_main_guard_scans_with_reader_processes(films, tmp_path):
    """Where processes are forked, and where each is an interpreter of its own as on Windows."""
    script = tmp_path / "script.py"
    script.write_text(
        "import operator, sys\n"
        "from xrayscan.scanning import workers\n"
        "from xrayscan.scanning.local_engine import read\n"
        "from xrayscan.scanning.spawned_readers import SpawnedReaders\n"
        "print('started')\n"
        "for source in (workers.ReaderSource, SpawnedReaders):\n"
        "    workers.ReaderSource = source\n"
        "    rows = [{'n': {'n': n}} for n in range(5)]\n"
        "    print(sorted(row['n'] for row in read(rows, operator.itemgetter('n'), workers=1)))\n"
        "print(__file__.endswith('script.py'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment)
    assert (done.stdout, done.stderr) == ("started\n[0, 1, 2, 3, 4]\n[0, 1, 2, 3, 4]\nTrue\n", "")

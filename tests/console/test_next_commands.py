"""The commands that people run next: they can be pasted as they stand, and go on with the model that was used."""

import os
import shlex
import shutil
from pathlib import Path

import pytest
from command_line import xrayscan
from small import write_film


def next_of(result):
    """The commands that a command proposes, as a shell splits them."""
    lines = result.output.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("Next"))
    told = [line for line in lines[first:] if line.startswith(("Next", "  "))]
    return [shlex.split(line.removeprefix("Next").removeprefix(":")) for line in told]


@pytest.fixture
def odd_model(model_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("my runs")
    return shutil.copy(model_file, "my runs/m.safetensors")


def test_a_scan_goes_on_with_its_own_models(odd_model):
    write_film(Path("ward/film.png"), 1)
    result = xrayscan("predict", "ward", "--model", odd_model, "--workers", "0", "--out", "o")
    show, calibrate = next_of(result)
    assert show == ["xrayscan", "show", "ward/film.png", "--model", odd_model]
    assert calibrate[:5] == ["xrayscan", "calibrate", "LABELLED", "--model", odd_model]
    assert next_of(xrayscan("report", "o", "--format", "csv"))[0] == show


def test_evaluation_and_export_quote_their_model(odd_model, sample_images):
    result = xrayscan("evaluate", sample_images / "labelled", "--model", odd_model, "--workers", "0", "--out", "e")
    assert next_of(result) == [["xrayscan", "predict", "FOLDER", "--model", odd_model]]
    pytest.importorskip("onnxruntime")
    result = xrayscan("export", odd_model, "--out", "my runs/m.onnx")
    assert next_of(result) == [["xrayscan", "predict", "FOLDER", "--model", "my runs/m.onnx"]]


def test_training_on_what_was_explored_reads_its_labels_alike(sample_images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    films = sample_images / "labelled"
    lines = [f"{path.relative_to(films)},{path.parent.name}" for path in sorted(films.glob("*/*"))]
    Path("my labels.csv").write_text("\n".join(["film,finding", *lines]) + "\n")
    columns = ["--path-column", "film", "--label-column", "finding", "--positive", "NORMAL", "--ignore-label", "A B"]
    said = ["--labels", "my labels.csv", *columns]
    (told,) = next_of(xrayscan("explore", films, *said, "--workers", "0"))
    assert told[:3] == ["xrayscan", "train", str(films)]
    assert told[-2:] == ["--out", "RUN/"]
    assert sorted(told[3:-2]) == sorted(said)
    assert next_of(xrayscan("explore", films, "--workers", "0")) == [["xrayscan", "train", str(films), "--out", "RUN/"]]


def test_a_new_plugin_is_installed_from_where_it_was_written(tmp_path):
    for folder in (tmp_path / "pasted plugin", "pasted-plugin"):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            told = next_of(xrayscan("plugins", "new", "pasted-plugin", "--kind", "check", "--out", folder))[0]
            assert os.path.isdir(told[2].rstrip(","))
            assert os.sep in told[2]  # pip would look for a bare name on the network
            assert os.path.isdir(told[-1])

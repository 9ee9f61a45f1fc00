import csv
import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from small import write_film

from xrayscan import load_model
from xrayscan.cli import main
from xrayscan.plugin.builtin import COMMANDS


def xrayscan(*words, env=None, **options):
    return CliRunner().invoke(main, [os.fspath(word) for word in words], env=env, **options)


@pytest.fixture
def predicted(films, model_file, tmp_path):
    out = tmp_path / "triage"
    result = xrayscan("predict", films, "--model", model_file, "--out", out, "--workers", "0")
    return result, out


def test_predict_writes_the_worklist_and_says_where(predicted):
    result, out = predicted
    assert result.exit_code == 0, result.output
    assert sorted(os.listdir(out)) == ["run.json", "scan.sqlite", "triage.csv", "triage.html", "triage.jsonl"]
    assert result.stdout == ""
    assert "7 scored" in result.stderr
    assert "triage.csv" in result.stderr
    assert "Not a diagnosis" in result.stderr


def test_the_csv_has_the_promised_columns_in_reading_order(predicted):
    with open(predicted[1] / "triage.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = (
        "rank,source,status,probability,tier,prediction,flags,code,reason,study_uid,series_uid,sop_uid,modality,view,"
        "rows,columns,format,sha256,unlikeness"
    )
    assert ",".join(rows[0]) == expected
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 8)]
    assert sorted(rows, key=lambda row: -float(row["probability"])) == rows


def test_run_json_tells_what_was_asked_and_what_came_of_it(predicted, films, model):
    run = json.loads((predicted[1] / "run.json").read_text())
    assert run["exit_code"] == 0
    assert run["counts"]["found"] == run["counts"]["scored"] == run["counts"]["new"] == 7
    assert [used["fingerprint"] for used in run["models"]] == [model.fingerprint]
    assert run["settings"]["paths"] == [str(films)]
    assert run["run"]["seconds"] > 0
    assert set(run["versions"]) >= {"python", "torch", "xrayscan"}


def test_a_film_that_cannot_be_read_gives_exit_code_6_and_its_reason(films, model_file, tmp_path):
    (films / "bad.jpeg").write_bytes(b"no film")
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "o", "--workers", "0", "--verbose")
    assert result.exit_code == 6
    assert "bad.jpeg: not an image, though its name says so" in result.stderr


def test_nothing_to_score_gives_exit_code_3_and_still_a_worklist(tmp_path, model_file):
    (tmp_path / "bad.jpeg").write_bytes(b"no film")
    result = xrayscan(
        "predict", tmp_path / "bad.jpeg", "--model", model_file, "--out", tmp_path / "o", "--workers", "0"
    )
    assert result.exit_code == 3
    assert "bad.jpeg" in (tmp_path / "o" / "triage.csv").read_text()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["predit", "."], 2, "no command 'predit' (did you mean 'predict'?)"),
        (["train", ".", "--out", "run", "--model", "cnn"], 2, "--backend cnn"),
        (["tune", ".", "--out", "run", "--model", "cnn"], 2, "--backend cnn"),
        (["evaluate", "default", "."], 2, "xrayscan evaluate . --model default"),
        (["evaluate", "default", "runs/first", "."], 2, "evaluate . --model default --model runs/first"),
        (["calibrate", "default", ".", "--out", "x"], 2, "xrayscan calibrate . --model default"),
        (["predict", ".", "--treshold", "1"], 2, "--threshold"),
        (["predict"], 2, "No input. Give files or folders"),
        (["predict", "no/such/folder"], 2, "does not exist"),
        (["predict", ".", "--format", "pdf"], 2, "csv, jsonl, html"),
        (["predict", ".", "--threshold", "7"], 2, "range"),
        (["predict", ".", "--batch-size", "none"], 2, "whole number"),
        (["predict", ".", "--model", "no-such-model"], 4, "no model"),
        (["predict", ".", "--quiet", "--verbose"], 2, "exclude"),
        (["train", ".", "--out", "run", "--backend", "nope"], 4, "unknown backend"),
        (["train", ".", "--out", "run", "--backend", "resnet8"], 4, "did you mean 'resnet"),
        (["train", ".", "--out", "run", "--device", "cdua"], 2, "did you mean 'cuda'?"),
        (["predict", ".", "--model", "defualt"], 4, "did you mean 'default'?"),
        (["train", ".", "--out", "run", "--set", "side"], 4, "key=value"),
        (["train", ".", "--out", "run", "--set", "lerning_rate=1"], 4, "did you mean 'learning_rate'"),
        (["train", ".", "--out", "run", "--set", "dropuot=1"], 4, "did you mean 'dropout'"),
        (["train", ".", "--out", "run", "--set", "optimiser=lion"], 4, "optimiser = 'lion'"),
        (["train", ".", "--out", "run", "--set", "ema=1"], 4, "ema = 1.0: give a number from 0 to below 1"),
        (["train", ".", "--out", "run", "--set", "epochs=2", "--epochs", "2"], 2, "epochs is given twice"),
        (["train", ".", "--out", "run", "--operating-point", "recall=2"], 2, "write sensitivity-0.98"),
        (["train", ".", "--out", "run", "--recipe", "wrong.toml"], 3, "wrong.toml: seed = 'one': give a whole number"),
        (["models", "show", "nope"], 4, "no model"),
    ],
)
def test_a_mistake_is_answered_in_one_line_with_its_exit_code(words, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.toml").write_text('seed = "one"')
    result = xrayscan(*words)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_worklist_that_cannot_be_written_gives_exit_code_5(films, model_file, tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "file", "--workers", "0")
    assert result.exit_code == 5
    assert "--out" in result.stderr


def test_quiet_prints_nothing(films, model_file, tmp_path):
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "o", "--workers", "0", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_dry_run_lists_the_films_on_stdout_and_writes_nothing(films, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (films / "notes.txt").write_text("no film")
    result = xrayscan("predict", "films", "--dry-run")
    assert sorted(result.stdout.split())[:2] == [os.path.join("films", "a.jpeg"), os.path.join("films", "b.png")]
    assert "7 would be scored" in result.stderr
    assert os.listdir(tmp_path) == ["films"]


@pytest.mark.parametrize("separator", ["\n", "\0", "\r\n"])
def test_paths_are_read_from_a_list(films, model_file, tmp_path, separator):
    listed = separator.join(str(films / name) for name in ("a.jpeg", "b.png"))
    result = xrayscan(
        *("predict", "--files-from", "-", "--model", model_file, "--out", tmp_path / "o", "--workers", "0"),
        input=listed.encode(),
    )
    assert result.exit_code == 0, result.output
    assert "2 scored" in result.stderr


def test_options_come_from_the_environment_too(films, model_file, tmp_path):
    env = {"XRAYSCAN_MODEL": model_file, "XRAYSCAN_OUT": str(tmp_path / "o"), "XRAYSCAN_WORKERS": "0"}
    env["XRAYSCAN_FORMAT"] = "csv"
    result = xrayscan("predict", films, env=env)
    assert result.exit_code == 0, result.output
    assert sorted(os.listdir(tmp_path / "o")) == ["run.json", "scan.sqlite", "triage.csv"]


def test_a_second_scan_says_in_one_line_what_it_kept(films, model_file, tmp_path):
    words = ("predict", films, "--model", model_file, "--out", tmp_path / "o", "--workers", "0")
    xrayscan(*words)
    (films / "a.jpeg").unlink()
    write_film(films / "new.png", 77)
    result = xrayscan(*words)
    assert "Resumed earlier scan: 6 unchanged, 1 new or changed, 1 removed" in result.stderr


TINY = ("--set", "side=32", "--set", "width=4", "--workers", "0")


@pytest.fixture(scope="module")
def trained(sample_images, tmp_path_factory):
    """A run folder, what was printed, and the words of the command."""
    run = tmp_path_factory.mktemp("trained") / "run"
    words = ("train", sample_images / "labelled", "--cache", run.parent / "cache", *TINY)
    more = ("--epochs", "2", "--operating-point", "sensitivity-0.9", "--set", "l1=1e-6", "--name", "=<b>")
    return run, xrayscan(*words, *more, "--out", run), words


def test_train_then_predict_from_the_command_line(trained, sample_images, tmp_path):
    run, result, _ = trained
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "epoch   2 of 2" in result.stderr
    assert "AUROC" in result.stderr
    assert "training.html" in result.stderr
    result = xrayscan("predict", sample_images / "labelled", "--model", run, "--out", tmp_path / "o", "--workers", "0")
    assert result.exit_code == 0, result.output


def test_a_recipe_repeats_its_run_and_options_win_over_it(trained, tmp_path):
    run, _, words = trained
    words = (*words[:4], "--recipe", run / "recipe.toml", "--workers", "0")
    again = xrayscan(*words, "--out", tmp_path / "a", "--name", "=<b>")
    assert again.exit_code == 0, again.output
    assert load_model(str(tmp_path / "a")).fingerprint == load_model(str(run)).fingerprint
    options = ("--epochs", "1", "--set", "l1=0", "--out", tmp_path / "b")
    other = xrayscan(*words, *options)
    assert other.exit_code == 0, other.output
    story = load_model(str(tmp_path / "b")).card.training
    assert (story["epochs"], story["l1"]) == (1, 0)


def test_a_run_is_resumed_with_the_settings_of_its_recipe(trained, tmp_path, monkeypatch):
    _, _, words = trained

    def interrupt(console, epoch):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("xrayscan.console.train.TrainConsole.epoch", interrupt)
        assert xrayscan(*words, "--epochs", "2", "--out", tmp_path).exit_code == 130
    assert "cut off after 1 of 2 epochs" in xrayscan(*words, "--out", tmp_path).stderr
    again = xrayscan(*words[:4], "--workers", "0", "--out", tmp_path, "--resume")
    assert again.exit_code == 0, again.output
    assert "Resuming after epoch 1 of 2" in again.stderr
    assert load_model(str(tmp_path)).card.parameters["width"] == 4


def test_fast_dev_run_tries_the_whole_path_and_says_so(sample_images, tmp_path):
    words = ("train", sample_images / "labelled", "--cache", tmp_path / "cache", *TINY, "--fast-dev-run")
    result = xrayscan(*words, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert "trial run" in (tmp_path / "run" / "training.html").read_text()
    assert load_model(str(tmp_path / "run")).card.training["films"] < 60


def test_models_lists_and_shows_models_and_backends():
    listed = xrayscan("models")
    assert "default" in listed.stdout
    assert "cnn" in listed.stdout
    card = xrayscan("models", "show", "default")
    assert "sensitivity-0.99" in card.stdout
    assert "CC BY 4.0" in " ".join(card.stdout.split())
    shown = xrayscan("models", "show", "cnn").stdout
    assert "width" in shown
    assert re.search(r"optimiser +adamw \| adam \| sgd \| rmsprop +'adamw'", shown)


def test_plugins_are_listed_with_what_they_register():
    result = xrayscan("plugins")
    assert result.exit_code == 0
    assert "cnn" in result.stdout


@pytest.mark.parametrize("words", [(), *((command,) for command in COMMANDS)])
def test_help_imports_neither_torch_nor_sklearn(words):
    code = (
        f"import sys; from xrayscan.cli import main; main([*{words!r}, '--help'], standalone_mode=False); "
        "sys.exit(', '.join({'torch', 'sklearn', 'scipy', 'rich', 'pydicom'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_in_its_help(command):
    assert "Examples:" in xrayscan(command, "--help").stdout


def test_a_file_name_cannot_write_to_the_terminal(model_file, tmp_path):
    write_film(tmp_path / "films" / "a\x1b[31m[red]b.png", 1)
    result = xrayscan("predict", tmp_path / "films", "--model", model_file, "--out", tmp_path / "o", "--workers", "0")
    assert "\x1b[31m" not in result.stderr
    assert r"a\x1b[31m[red]b.png" in result.stderr.replace("\n", "")


def test_a_scan_that_is_interrupted_before_it_recorded_anything_promises_nothing(
    films, model_file, tmp_path, monkeypatch
):
    def interrupt(*words, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("xrayscan.scanning.scan.scan", interrupt)
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "o")
    assert result.exit_code == 130
    assert "stopped by SIGINT: nothing was recorded yet" in result.stderr


def test_help_and_the_version_are_found_where_people_look_for_them():
    assert xrayscan("help", "predict").output == xrayscan("predict", "--help").output
    assert xrayscan("help").output == xrayscan("--help").output
    assert "0.2" in xrayscan("--version").output

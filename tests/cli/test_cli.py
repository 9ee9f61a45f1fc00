"""What every command does alike: help, mistakes and their exit codes."""

import subprocess
import sys

import pytest
from command_line import xrayscan

from xrayscan.plugin.builtin import COMMANDS


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
        (["predict", ".", "--format", "docx"], 2, "csv, jsonl, html"),
        (["predict", ".", "--format", "csv,htlm"], 2, "(did you mean 'html'?): choose among csv"),
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


def test_help_and_the_version_are_found_where_people_look_for_them():
    assert xrayscan("help", "predict").output == xrayscan("predict", "--help").output
    assert xrayscan("help").output == xrayscan("--help").output
    assert "0.2" in xrayscan("--version").output


def test_a_plugin_that_calls_sys_exit_does_not_choose_the_exit_code_of_a_scan(tmp_path, monkeypatch):
    monkeypatch.setattr("xrayscan.scanning.scan.candidates", lambda *words, **options: sys.exit(0))
    (tmp_path / "film.png").write_bytes(b"")
    ended = xrayscan("predict", tmp_path, "--dry-run")
    assert ended.exit_code == 1
    assert isinstance(ended.exception, RuntimeError)

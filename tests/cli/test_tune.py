import csv
import os
import signal
import subprocess
import sys
import time
import tomllib

import pytest
from click.testing import CliRunner
from small import ROOT, check_answer

from xrayscan import FitSettings, TrainSettings, train
from xrayscan.cli import main
from xrayscan.cli.tune import tune as command
from xrayscan.training.recipe import read_recipe
from xrayscan.tuning.tuner import STUDY_FILE

SMALL = ("--set", "side=32", "--set", "width=4", "--set", "blocks=1", "--epochs", "2", "--workers", "0")
LABELLED = os.fspath(ROOT / "sample_images" / "labelled")


def tune(out, *words):
    cache = os.path.join(os.fspath(out), "..", "cache")
    return CliRunner().invoke(main, ["tune", LABELLED, "--out", os.fspath(out), "--cache", cache, *SMALL, *words])


def test_a_search_from_the_command_line_tells_its_trials_and_leaves_a_recipe(tmp_path):
    out = tmp_path / "out"
    result = tune(out, "--trials", "3", "--json")
    assert result.exit_code == 0, result.output
    check_answer(command.result, result.stdout)
    assert "learning_rate: 0.0003 to 0.006, logarithmic" in result.stderr
    assert "validated on 24 (no shared patients; patient IDs from" in result.stderr
    for text in ("trial   1 of 3: complete", "best", "Best of 3 trials", "best.toml", "looks better than it is"):
        assert text in result.stderr
    recipe = tomllib.loads((out / "best.toml").read_text())
    assert recipe["backend"] == "cnn"
    assert recipe["width"] == 4
    assert recipe["epochs"] == 2
    assert sorted(os.listdir(out)) == [
        "best.toml",
        STUDY_FILE,
        f"{STUDY_FILE}.lock",
        "trials.csv",
        "tuning.html",
    ]
    again = tune(out, "--trials", "4")
    assert "Resumed earlier search with 3 trials" in again.stderr
    assert "trial   4 of 4" in again.stderr
    assert "trial   3 of 4" not in again.stderr


def test_training_by_the_best_recipe_reaches_what_the_search_saw(tmp_path):
    assert tune(tmp_path / "search", "--trials", "3", "--device", "cpu", "--precision", "fp32").exit_code == 0
    with open(tmp_path / "search" / "trials.csv", newline="") as file:
        best = max(float(row["value"]) for row in csv.DictReader(file) if row["value"])
    recipe = read_recipe(os.fspath(tmp_path / "search" / "best.toml"))
    fit = FitSettings(seed=recipe.run["seed"])
    settings = TrainSettings(backend=recipe.run["backend"], parameters=recipe.parameters, workers=0, fit=fit)
    trained = train(LABELLED, os.fspath(tmp_path / "run"), settings)
    assert max(epoch.val_auroc for epoch in trained.epochs) == pytest.approx(best, abs=1e-12)


def test_a_space_file_is_searched_and_nothing_else(tmp_path):
    (tmp_path / "space.toml").write_text("dropout = {low = 0.1, high = 0.5}\n")
    result = tune(tmp_path / "out", "--trials", "2", "--space", str(tmp_path / "space.toml"), "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    header = (tmp_path / "out" / "trials.csv").read_text().splitlines()[0]
    assert header == "trial,state,value,epochs,seconds,dropout,reason"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--backend", "nope"), 4, "unknown backend"),
        (("--set", "droput=0.3"), 4, "did you mean 'dropout'"),
        (("--set", "epochs=3"), 2, "given twice"),
        (("--set", "monitor=val_loss"), 2, "--objective"),
        (("--objective", "accuracy"), 2, "val_sensitivity"),
        (("--space", "no-such-file.toml"), 2, "does not exist"),
    ],
)
def test_a_mistake_is_answered_in_one_line_with_its_exit_code(tmp_path, words, code, message):
    result = tune(tmp_path / "out", *words)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_without_optuna_the_message_says_how_to_get_it(tmp_path):
    code = "import sys; sys.modules['optuna'] = None; from xrayscan.cli import main; main()"
    words = ["tune", LABELLED, "--out", os.fspath(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_search_that_is_killed_goes_on_with_the_trials_of_one_that_was_not(tmp_path):
    words = [sys.executable, "-m", "xrayscan", "tune", LABELLED, *SMALL, "--device", "cpu", "--precision", "fp32"]
    words += ["--cache", os.fspath(tmp_path / "cache")]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with subprocess.Popen([*words, "--out", killed, "--trials", "9"], stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("trial   3"):
                time.sleep(0.1)  # into the next trial
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    for out in (killed, whole):
        subprocess.run([*words, "--out", out, "--trials", "9", "--quiet"], check=True)
    assert trials(killed) == trials(whole)


def trials(out):
    """Every column but the seconds."""
    rows = [line.split(",") for line in (out / "trials.csv").read_text().splitlines()]
    return [row[:4] + row[5:] for row in rows]


def test_a_recipe_stays_fixed_but_for_what_the_space_searches(tmp_path):
    (tmp_path / "recipe.toml").write_text('model = "mlp"\nside = 16\nwidths = [8]\nepochs = 1\nlearning_rate = 0.01\n')
    (tmp_path / "space.toml").write_text('widths = ["8", "16, 8"]\n')
    files = ("--recipe", str(tmp_path / "recipe.toml"), "--space", str(tmp_path / "space.toml"))
    given = ["tune", LABELLED, "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"), "--workers", "0"]
    result = CliRunner().invoke(main, [*given, *files, "--trials", "2"])
    assert result.exit_code == 0, result.output
    best = tomllib.loads((tmp_path / "out" / "best.toml").read_text())
    assert (best["backend"], best["side"], best["learning_rate"]) == ("mlp", 16, 0.01)
    assert best["widths"] in ([8], [16, 8])

import re

import pytest
from command_line import xrayscan
from small import check_answer

from xrayscan import load_model
from xrayscan.cli.train import train as command

TINY = ("--set", "side=32", "--set", "width=4", "--workers", "0")


@pytest.fixture(scope="module")
def trained(sample_images, tmp_path_factory):
    """A run folder, what was printed, and the words of the command."""
    run = tmp_path_factory.mktemp("trained") / "run"
    words = ("train", sample_images / "labelled", "--cache", run.parent / "cache", *TINY)
    more = ("--epochs", "2", "--operating-point", "sensitivity-0.9", "--set", "l1=1e-6", "--name", "=<b>")
    return run, xrayscan(*words, *more, "--out", run, "--json"), words


def test_train_then_predict_from_the_command_line(trained, sample_images, tmp_path):
    run, result, _ = trained
    assert result.exit_code == 0, result.output
    check_answer(command.result, result.stdout)
    assert re.search(
        r"^ +epoch +loss +val. loss +AUROC .*\n +1 of 2 .*\n +2 of 2 +[\d.]+ ", result.stderr, re.MULTILINE
    )
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

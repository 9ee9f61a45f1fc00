"""A run that is cut off anywhere and resumed ends as one that was not."""

import contextlib
import csv
import dataclasses
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from xrayscan import FitSettings, OutputError, TrainingParams, TrainSettings, UsageError, load_model, train
from xrayscan.network.fit.train_state import TrainState
from xrayscan.training import checkpoint

SMALL = {"side": 32, "width": 4, "blocks": 1, "epochs": 4, "batch_size": 16}
RECIPES = (
    {},
    {"optimiser": "sgd", "schedule": "plateau", "learning_rate": 0.05, "patience": 2, "ema": 0.0},
    {"optimiser": "rmsprop", "schedule": "cosine", "loss": "focal", "l1": 1e-5, "monitor": "val_auroc"},
    {"optimiser": "adam", "schedule": "constant", "label_smoothing": 0.1, "augment": "strong"},
)


class CutOffError(Exception):
    """Stands for a kill inside this process."""


def settings(cache, recipe, **more):
    return TrainSettings(parameters={**SMALL, **recipe}, workers=0, cache=str(cache), **more)


def left_by(out):
    """The history without its seconds, and the tensors of the model."""
    with open(out / "history.csv", newline="", encoding="utf-8") as file:
        rows = [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]
    return rows, load_model(str(out)).tensors


def assert_same(one, other):
    assert one[0] == other[0]
    assert one[1].keys() == other[1].keys()
    assert all(np.array_equal(one[1][name], other[1][name]) for name in one[1])


def cut(monkeypatch, point, act):
    """Have ``act`` called in the second epoch, at one of three points."""
    calls = {"n": 0}

    def second(original, *args, **options):
        calls["n"] += 1
        if calls["n"] == 2:
            act()
        return original(*args, **options)

    if point == "while validating":
        original = TrainState.predict
        monkeypatch.setattr(TrainState, "predict", lambda *args: second(original, *args))
    elif point == "while the checkpoint is written":
        original_replace = os.replace

        def replace(part, path):
            if path.endswith(checkpoint.CHECKPOINT_FILE):
                second(lambda: None)
            original_replace(part, path)

        monkeypatch.setattr(os, "replace", replace)
    else:
        original_step = TrainState._step

        def step(self, *args):
            calls["n"] += 1
            if calls["n"] == self.steps + self.steps // 2:
                act()
            return original_step(self, *args)

        monkeypatch.setattr(TrainState, "_step", step)


POINTS = ("in the middle of an epoch", "while validating", "while the checkpoint is written")


@pytest.fixture(scope="module", autouse=True)
def no_pages():
    """Runs without their page of figures, which takes longer than their training."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("xrayscan.training.run_folder.write_training_results", lambda *args: ())
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, sample_images, cache):
    out = tmp_path_factory.mktemp("whole")
    train(str(sample_images / "labelled"), str(out), settings(cache, {}))
    return left_by(out)


@pytest.mark.parametrize("point", POINTS)
def test_a_run_cut_off_and_resumed_equals_one_that_was_not(
    point, uninterrupted, sample_images, cache, tmp_path, monkeypatch
):
    def give_up():
        raise CutOffError

    folder, out = str(sample_images / "labelled"), str(tmp_path)
    with monkeypatch.context() as patched:
        cut(patched, point, give_up)
        with pytest.raises(CutOffError):
            train(folder, out, settings(cache, {}))
    assert not (tmp_path / "model.safetensors").exists()
    epochs = []
    fit = FitSettings(on_epoch=epochs.append)
    train(folder, out, settings(cache, {}, resume=True, fit=fit))
    assert [epoch.number for epoch in epochs] == [2, 3, 4]
    assert_same(left_by(tmp_path), uninterrupted)
    assert "checkpoint.safetensors" not in os.listdir(tmp_path)


def test_a_second_training_into_the_same_folder_is_refused_while_the_first_one_runs(sample_images, cache, tmp_path):
    folder, out, refused = str(sample_images / "labelled"), str(tmp_path), []

    def again(epoch):
        for more in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(OutputError, match="another training writes to"):
                train(folder, out, settings(cache, {"epochs": 1}, **more))
            refused.append(epoch.number)

    train(folder, out, settings(cache, {"epochs": 1}, fit=FitSettings(on_epoch=again)))
    assert refused == [1, 1]
    assert not [name for name in os.listdir(tmp_path) if "lock" in name]


@pytest.mark.parametrize("recipe", RECIPES[1:])
def test_every_optimiser_schedule_and_average_goes_on_as_it_was(recipe, sample_images, cache, tmp_path, monkeypatch):
    folder, whole, parts = str(sample_images / "labelled"), tmp_path / "whole", tmp_path / "parts"
    train(folder, str(whole), settings(cache, recipe))

    def stop_after_two(epoch):
        if epoch.number == 2:
            raise CutOffError

    with contextlib.suppress(CutOffError):
        train(folder, str(parts), settings(cache, recipe, fit=FitSettings(on_epoch=stop_after_two)))
    assert (parts / "checkpoint.safetensors").exists()
    train(folder, str(parts), settings(cache, recipe, resume=True))
    assert_same(left_by(parts), left_by(whole))


SCRIPT = """
import os, signal, sys
import pytest, torch
import test_checkpoint
torch.set_num_threads(1)
patched = pytest.MonkeyPatch()
if sys.argv[4]:
    test_checkpoint.cut(patched, sys.argv[4], lambda: os.kill(os.getpid(), signal.SIGKILL))
test_checkpoint.train(sys.argv[1], sys.argv[2], test_checkpoint.settings(sys.argv[3], {}, resume=not sys.argv[4]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_and_resumed_in_another_process_equals_one_that_was_not(
    point, uninterrupted, sample_images, cache, tmp_path
):
    paths = [os.path.dirname(__file__), os.path.dirname(os.path.dirname(__file__)), os.getcwd()]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_WAIT_POLICY": "PASSIVE"}
    words = [sys.executable, "-c", SCRIPT, str(sample_images / "labelled"), str(tmp_path), str(cache)]
    killed = subprocess.run([*words, point], env=env, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (tmp_path / "checkpoint.safetensors").exists()
    subprocess.run([*words, ""], env=env, capture_output=True, check=True)
    assert_same(left_by(tmp_path), uninterrupted)


@pytest.fixture
def cut_off(sample_images, cache, tmp_path):
    """A run folder that was left after its first epoch."""

    def stop(epoch):
        raise CutOffError

    with contextlib.suppress(CutOffError):
        train(str(sample_images / "labelled"), str(tmp_path), settings(cache, {}, fit=FitSettings(on_epoch=stop)))
    return tmp_path


def test_a_run_that_was_cut_off_is_not_overwritten(cut_off, sample_images, cache):
    with pytest.raises(OutputError, match="cut off after 1 of 4 epochs"):
        train(str(sample_images / "labelled"), str(cut_off), settings(cache, {}))


def test_what_is_resumed_must_be_the_same_run(cut_off, sample_images, cache):
    with pytest.raises(UsageError, match=r"learning_rate: 0\.0015, now 0\.002"):
        train(str(sample_images / "labelled"), str(cut_off), settings(cache, {"learning_rate": 2e-3}, resume=True))
    with pytest.raises(UsageError, match="seed: 0, now 1"):
        train(str(sample_images / "labelled"), str(cut_off), settings(cache, {}, resume=True, fit=FitSettings(seed=1)))


def test_a_damaged_checkpoint_is_named(cut_off, sample_images, cache):
    path = cut_off / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(Exception, match=r"checkpoint\.safetensors: no checkpoint, or a damaged one"):
        train(str(sample_images / "labelled"), str(cut_off), settings(cache, {}, resume=True))


def test_resume_without_a_checkpoint_begins_the_run_unless_it_is_finished(sample_images, cache, tmp_path):
    quick = dataclasses.replace(settings(cache, {"epochs": 1}), resume=True)
    assert len(train(str(sample_images / "labelled"), str(tmp_path), quick).epochs) == 1
    with pytest.raises(OutputError, match="finished run"):
        train(str(sample_images / "labelled"), str(tmp_path), quick)


def test_training_parameters_of_the_settings_are_defaults_for_those_by_name(sample_images, cache, tmp_path):
    fit = FitSettings(TrainingParams(epochs=3, batch_size=16))
    some = TrainSettings(parameters=SMALL | {"epochs": 1}, workers=0, cache=str(cache), fit=fit)
    assert train(str(sample_images / "labelled"), str(tmp_path), some).model.card.training["epochs"] == 1

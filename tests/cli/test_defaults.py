"""A command without options asks for what the library does by default: no default is typed in two ways."""

import dataclasses

import click
import pytest

from xrayscan import ScanSettings, TrainSettings
from xrayscan.cli import main
from xrayscan.cli.options import Cache
from xrayscan.cli.predict import PredictOptions
from xrayscan.cli.settings import _built
from xrayscan.cli.train import TrainOptions
from xrayscan.cli.tune import TuneOptions
from xrayscan.cli.watch import WatchedFolder
from xrayscan.watching.watch import WatchSettings


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def asked(name, kind, *words):
    command = main.get_command(click.Context(main), name)
    with command.make_context(name, list(words)) as context:
        return _built(kind, context.params)


def test_a_scan():
    assert asked("predict", PredictOptions, ".").scan() == ScanSettings()


def test_watching_a_folder():
    made = asked("watch", WatchedFolder, ".").how.watching()
    assert dataclasses.replace(made, formats=WatchSettings().formats) == WatchSettings()


def test_training():
    made, wanted = asked("train", TrainOptions, ".", "--out", "run"), TrainSettings()
    assert (made.recipes.backend, made.labels, made.name) == (wanted.backend, wanted.folder, wanted.name)
    assert (made.seed, made.weights, made.training) == (wanted.fit.seed, wanted.fit.weights, {})
    assert made.hardware.workers == wanted.workers
    assert Cache().size() == wanted.cache_size


def test_tuning():
    settings = pytest.importorskip("xrayscan.tuning.tuner").TuneSettings()
    made = asked("tune", TuneOptions, ".", "--out", "tune")
    for name in ("objective", "space", "trials", "timeout"):
        assert getattr(made, name) == getattr(settings, name)
    assert (made.seed, made.epochs) == (settings.train.fit.seed, None)


def test_objectives_that_may_be_asked_for_are_those_there_are():
    search = pytest.importorskip("xrayscan.tuning.search")
    option = next(one for one in main.get_command(click.Context(main), "tune").params if one.name == "objective")
    assert tuple(option.type.choices) == search.Objective.__args__

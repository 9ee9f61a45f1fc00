"""`xrayscan train`: a labelled folder in, a model file and all that explains it out."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli import options
from xrayscan.cli.recipes import Recipes
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.signals import RESUME, began
from xrayscan.cli.types import EXISTING_FILE, LABELLED
from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.files.toml import read_toml
from xrayscan.model.backend import Epoch, TrainingParams
from xrayscan.model.card import UNNAMED, OperatingPoint
from xrayscan.model.ranks import Ranks

if TYPE_CHECKING:
    from xrayscan.training import Trained, TrainSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """What to train, on what, and how."""

    directory: str = argument("DIR", LABELLED)
    out: str = option(MISSING, "Output folder for the model and its reports.", metavar="RUN/")
    recipes: Recipes
    labels: FolderSettings
    weights: str | None = option(
        None,
        "Weights that a transfer backend starts with: published ones, or a .safetensors or .pth file.",
        metavar="imagenet|FILE|none",
        shown="none",
    )
    name: str = option(UNNAMED, "Name of the model on its card.")
    training: Mapping[str, Any] = dataclasses.field(metadata={"given": TrainingParams})
    seed: int = option(0, "Random seed for split, initial weights and augmentation.")
    operating_points: tuple[str, ...] = option(
        (),
        "Operating point to add to the usual ones, such as sensitivity-0.98; repeatable.",
        "--operating-point",
        metavar="NAME",
    )
    about: str | None = option(
        None, "Model-card fields (licence, citation, intended use, limits).", type=EXISTING_FILE, metavar="FILE.toml"
    )
    callbacks: tuple[str, ...] = option(
        (),
        "What else hears of every epoch, such as tensorboard; may be repeated. history.csv is always written.",
        "--callback",
        metavar="NAME",
    )
    cache: options.Cache
    resume: bool = option(False, "Resume an interrupted run, with its settings.")
    overwrite: bool = options.overwrite_option()
    share: bool = options.share_option()
    fast_dev_run: bool = option(False, "Smoke test: run everything on a few films.")
    hardware: options.Hardware
    devices: int | None = option(
        1,
        "GPUs of this machine, or processes on its CPU, to train on together; auto: every GPU.",
        range=(1, None),
        words=options.AUTO,
    )
    quiet: bool = options.quiet_option()
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class ModelTrained:
    """A model that was trained, and what it reaches on its validation films."""

    files: list[str]  # the model file first
    fingerprint: str  # SHA-256 of the model file
    name: str
    backend: str
    labels: list[str]  # the positive one last
    training_films: int
    validation_films: int
    failed: dict[str, str]  # files that could not be read, with the reason
    epochs: list[Epoch]
    operating_points: list[OperatingPoint]
    metrics: dict[str, Any]  # of the card: see the page on model cards
    warnings: list[str]


@command(
    "xrayscan train labelled/ --out runs/first",
    "xrayscan train labelled/ --out runs/lite0 --backend lite0",
    "xrayscan train labelled/ --out runs/wide --set width=64 --epochs 30 --monitor val_auroc",
    "xrayscan train labelled/ --out runs/wide --resume",
    "xrayscan train labelled/ --out runs/large --backend resnet50 --devices 4",
    "xrayscan train labelled/ --out runs/best --recipe runs/search/best.toml",
    "xrayscan predict radiographs/ --model runs/first",
)
def train(asked: TrainOptions) -> ModelTrained:
    """Train a model on DIR, which holds one folder of films per label.

    Films of one patient stay on one side of the split, so validation is honest; stopping, calibration and operating
    points see validation only, and a test folder is not read. RUN/ then holds model.safetensors, which
    `xrayscan predict --model RUN/` uses, training.html, history.csv, metrics.json, split.csv and recipe.toml.
    """
    from xrayscan.training.launch import on_devices

    context = click.get_current_context()
    context.meta[RESUME] = lambda: _kept(asked.out)
    trained: ModelTrained | None = on_devices(_train, asked, began(), device=asked.hardware.device, count=asked.devices)
    return trained or context.exit()


def _train(ranks: Ranks, asked: TrainOptions, since: float | None) -> ModelTrained | None:
    """Train in one process. Of several, the first alone tells people and answers."""
    from xrayscan.console.train import TrainConsole
    from xrayscan.training import train as run

    if not ranks.first:
        run(asked.directory, asked.out, _settings(asked, ranks))
        return None
    with TrainConsole(quiet=asked.quiet, since=since) as console:
        settings = _settings(asked, ranks)
        fit = dataclasses.replace(
            settings.fit, on_epoch=console.epoch, on_step=console.step, on_validated=console.validated
        )
        shown = dataclasses.replace(settings, fit=fit, on_film=console.film, on_split=console.split)
        trained = run(asked.directory, asked.out, shown)
        console.summary(trained)
    return _answer(trained)


def _answer(trained: "Trained") -> ModelTrained:
    model, films = trained.model, trained.films
    return ModelTrained(
        list(trained.files),
        model.fingerprint,
        model.card.name,
        model.card.backend,
        list(model.card.labels),
        len(films.training),
        len(films.validation),
        dict(films.decoded.failed),
        list(trained.epochs),
        list(model.card.operating_points),
        dict(model.card.metrics),
        list(films.warnings),
    )


def _kept(out: str) -> str:
    """Words on what a stopped run left."""
    from xrayscan.training import checkpoint

    kept = os.path.exists(os.path.join(out, checkpoint.CHECKPOINT_FILE))
    return ": finished epochs are kept; add --resume to go on from there" if kept else ": no epoch was finished"


def _settings(asked: TrainOptions, ranks: Ranks) -> "TrainSettings":
    from xrayscan.model.backend import FitSettings
    from xrayscan.training import TrainSettings
    from xrayscan.training.calibrate import Target
    from xrayscan.training.launch import own_device

    fit = FitSettings(
        seed=asked.seed,
        weights=asked.weights,
        placement=own_device(asked.hardware.placement(), ranks),
        ranks=ranks,
    )
    return TrainSettings(
        backend=asked.recipes.backend,
        parameters=asked.recipes.parameters(asked.training, resumed=asked.out if asked.resume else None),
        folder=asked.labels,
        name=asked.name,
        workers=asked.hardware.workers,
        fit=fit,
        about=_texts(asked.about),
        targets=tuple(map(Target.parse, asked.operating_points)),
        cache=asked.cache.folder(),
        cache_size=asked.cache.size(),
        resume=asked.resume,
        overwrite=asked.overwrite,
        share=asked.share,
        fast_dev_run=asked.fast_dev_run,
        callbacks=asked.callbacks,
    )


def _texts(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    texts = read_toml(path, "give a TOML file", 'licence = "CC BY 4.0"')
    return {key: str(value) for key, value in texts.items()}

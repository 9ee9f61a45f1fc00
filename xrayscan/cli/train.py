"""`xrayscan train`: a labelled folder in, a model file and all that explains it out."""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xrayscan.cli.options import FilmPath, cache, examples, hardware, labelled_folder, overwrite_option, share_option
from xrayscan.cli.signals import RESUME
from xrayscan.errors import InputError, UsageError
from xrayscan.model.card import UNNAMED

if TYPE_CHECKING:
    from xrayscan.dataset.labelled_folder import FolderSettings
    from xrayscan.training import TrainSettings
    from xrayscan.training.recipe import Recipe

PRESETS = ["none", "light", "standard", "strong"]


@click.command(
    epilog=examples(
        "xrayscan train labelled/ --out runs/first",
        "xrayscan train labelled/ --out runs/wide --set width=64 --epochs 30 --monitor val_auroc",
        "xrayscan train labelled/ --out runs/wide --resume",
        "xrayscan train labelled/ --out runs/best --recipe runs/search/best.toml",
        "xrayscan predict radiographs/ --model runs/first",
    ),
    context_settings={"auto_envvar_prefix": "XRAYSCAN_TRAIN"},
)
@click.argument("directory", metavar="DIR", type=FilmPath(exists=True, file_okay=False))
@click.option("--out", required=True, metavar="RUN/", help="Folder for the trained model and all about it.")
@click.option("--model", "backend", metavar="BACKEND", show_default="cnn", help="What to train.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the backend or of training; repeatable. `xrayscan models show BACKEND` lists them.",
)
@click.option(
    "--recipe",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE.toml",
    help="Settings of another run or of a search; options given here win over them.",
)
@labelled_folder
@click.option(
    "--weights",
    metavar="imagenet|FILE|none",
    show_default="none",
    help="Weights that a transfer backend starts with: published ones, or a .safetensors or .pth file.",
)
@click.option("--name", default=UNNAMED, show_default=True, help="The model's name on its card.")
@click.option("--epochs", type=click.IntRange(1), show_default="12", help="Passes over the films, at most.")
@click.option("--batch-size", type=click.IntRange(2), show_default="32", help="Films per training step.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), show_default="0.0015")
@click.option("--weight-decay", type=click.FloatRange(0), show_default="0.05")
@click.option("--optimiser", type=click.Choice(["adamw", "adam", "sgd", "rmsprop"]), show_default="adamw")
@click.option("--schedule", type=click.Choice(["one-cycle", "cosine", "constant", "plateau"]), show_default="one-cycle")
@click.option("--loss", type=click.Choice(["bce", "focal"]), show_default="bce")
@click.option("--augment", type=click.Choice(PRESETS), show_default="standard", help="How much films are changed.")
@click.option(
    "--monitor",
    type=click.Choice(["val_auroc", "val_loss", "val_sensitivity"]),
    show_default="val_loss",
    help="What the best epoch is best in.",
)
@click.option("--patience", type=click.IntRange(1), show_default="6", help="Epochs without improvement.")
@click.option("--seed", type=int, show_default="0", help="Of the split, the weights and all that is drawn.")
@click.option(
    "--operating-point",
    "points",
    multiple=True,
    metavar="KIND=SHARE",
    help="A threshold to choose besides the usual ones, such as sensitivity=0.98; repeatable.",
)
@click.option(
    "--about",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE.toml",
    help="Texts for the model card: licence, citation, intended use, limits.",
)
@cache
@click.option("--resume", is_flag=True, help="Go on with the run in RUN/ if it was cut off, with its settings.")
@overwrite_option
@share_option
@click.option("--fast-dev-run", is_flag=True, help="Try the whole path on a few films, in seconds.")
@hardware
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def train(directory: str, quiet: bool, out: str, **options: Any) -> None:
    """Train a model on DIR, which holds one folder of films per label.

    Films of one patient stay on one side of the split, so validation is honest; stopping, calibration and operating
    points see validation only, and a test folder is not read. RUN/ then holds model.safetensors, which
    `xrayscan predict --model RUN/` uses, training.html, history.csv, metrics.json, split.csv and recipe.toml.
    """
    from xrayscan.console.train import TrainConsole
    from xrayscan.training import train as run

    click.get_current_context().meta[RESUME] = lambda: _kept(out)
    with TrainConsole(quiet=quiet) as console:
        console.summary(run(directory, out, _settings(out, console, **options)))


def _kept(out: str) -> str:
    """Words on what a stopped run left."""
    from xrayscan.training import checkpoint

    kept = os.path.exists(os.path.join(out, checkpoint.CHECKPOINT_FILE))
    return ": finished epochs are kept; add --resume to go on from there" if kept else ": no epoch was finished"


def _settings(
    out: str,
    console: Any,
    *,
    backend: str | None,
    pairs: tuple[str, ...],
    recipe: str | None,
    folder: "FolderSettings",
    name: str,
    seed: int | None,
    weights: str | None,
    points: tuple[str, ...],
    about: str | None,
    cache: str,
    cache_size: int,
    resume: bool,
    overwrite: bool,
    share: bool,
    fast_dev_run: bool,
    device: str,
    precision: str,
    workers: int | None,
    **training: Any,
) -> "TrainSettings":
    """What the command line asks for, over what the recipe says, over the defaults."""
    from xrayscan.model.backend import FitSettings
    from xrayscan.network.device import place
    from xrayscan.training import TrainSettings
    from xrayscan.training.calibrate import Target

    asked = _recipe(out, recipe, resume)
    run = asked.run
    if precision == "auto":
        precision = run.get("precision", precision)
    fit = FitSettings(
        seed=run.get("seed", 0) if seed is None else seed,
        weights=weights or run.get("weights"),
        placement=place(device, precision),
        on_epoch=console.epoch,
        on_step=console.step,
    )
    return TrainSettings(
        backend=backend or run.get("model", "cnn"),
        parameters={**asked.parameters, **_given(pairs, training)},
        folder=_folder(folder, run),
        name=name,
        workers=workers,
        fit=fit,
        about=_texts(about),
        on_film=console.film,
        on_split=console.split,
        targets=tuple(Target.parse(point) for point in points or run.get("operating_points", ())),
        cache=cache,
        cache_size=cache_size,
        resume=resume,
        overwrite=overwrite,
        share=share,
        fast_dev_run=fast_dev_run or bool(run.get("fast_dev_run")),
    )


def _recipe(out: str, recipe: str | None, resume: bool) -> "Recipe":
    """The recipe asked for; for a run that is resumed, its own."""
    from xrayscan.training.recipe import RECIPE_FILE, Recipe, read_recipe

    own = os.path.join(out, RECIPE_FILE)
    if resume and recipe is None and os.path.exists(own):
        return read_recipe(own)
    return read_recipe(recipe) if recipe else Recipe()


def _folder(asked: "FolderSettings", run: Mapping[str, Any]) -> "FolderSettings":
    """How the labelled folder is to be read; a recipe's --positive counts unless one was given."""
    given = click.get_current_context().get_parameter_source("positive") is not ParameterSource.DEFAULT
    return dataclasses.replace(
        asked,
        positive=asked.positive if given else run.get("positive", asked.positive),
        labels_csv=asked.labels_csv or run.get("labels"),
        patient_pattern=asked.patient_pattern or run.get("patient_pattern"),
    )


def _given(pairs: tuple[str, ...], training: dict[str, Any]) -> dict[str, Any]:
    """Parameters of --set and of the options of their own. Raises: UsageError for one given in both ways."""
    from xrayscan.model.parameters import from_pairs

    given = {name: value for name, value in training.items() if value is not None}
    pairs_given = from_pairs(pairs)
    if both := sorted(set(given) & set(pairs_given)):
        raise UsageError(f"{both[0]} is given twice, by --{both[0].replace('_', '-')} and by --set: give it once")
    return {**pairs_given, **given}


def _texts(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    with open(path, "rb") as file:
        try:
            return {key: str(value) for key, value in tomllib.load(file).items()}
        except tomllib.TOMLDecodeError as error:
            raise InputError(f'{path}: {error}: write it as TOML, such as licence = "CC BY 4.0"') from error

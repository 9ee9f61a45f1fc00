"""`xrayscan train`: a labelled folder in, a model file out."""

import tomllib
from typing import Any

import click

from xrayscan.cli.options import examples, hardware
from xrayscan.errors import InputError


@click.command(
    epilog=examples(
        "xrayscan train labelled/ --out runs/first",
        "xrayscan train labelled/ --out runs/wide --set width=64 --epochs 30",
        "xrayscan predict radiographs/ --model runs/first",
    ),
    context_settings={"auto_envvar_prefix": "XRAYSCAN_TRAIN"},
)
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option("--out", required=True, metavar="RUN/", help="Folder for the trained model.")
@click.option("--model", "backend", default="cnn", show_default=True, metavar="BACKEND", help="What to train.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A parameter of the backend; repeatable.")
@click.option("--positive", default="PNEUMONIA", show_default=True, metavar="LABEL", help="The finding's folder.")
@click.option("--name", default="model", show_default=True, help="The model's name on its card.")
@click.option("--epochs", type=click.IntRange(1), default=12, show_default=True, help="Passes over the films, at most.")
@click.option("--batch-size", type=click.IntRange(2), default=32, show_default=True, help="Films per training step.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=1.5e-3, show_default=True)
@click.option("--weight-decay", type=click.FloatRange(0), default=0.05, show_default=True)
@click.option(
    "--augment", type=click.Choice(["none", "light", "standard", "strong"]), default="standard", show_default=True
)
@click.option("--patience", type=click.IntRange(1), default=6, show_default=True, help="Epochs without improvement.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split, the weights and all that is drawn.")
@click.option(
    "--about",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE.toml",
    help="Texts for the model card: licence, citation, intended use, limits.",
)
@hardware
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def train(
    directory: str,
    out: str,
    backend: str,
    pairs: tuple[str, ...],
    positive: str,
    name: str,
    about: str | None,
    device: str,
    precision: str,
    workers: int | None,
    quiet: bool,
    seed: int,
    **params: Any,
) -> None:
    """Train a model on DIR, which holds one folder of films per label.

    Films of one patient stay on one side of the split, so validation is honest; calibration and operating points are
    chosen on validation and stored in RUN/model.safetensors, which `xrayscan predict --model RUN/` uses.
    """
    from xrayscan.backend import FitSettings, TrainingParams
    from xrayscan.console import TrainConsole
    from xrayscan.device import place
    from xrayscan.parameters import from_pairs
    from xrayscan.training import TrainSettings
    from xrayscan.training import train as run

    with TrainConsole(quiet=quiet) as console:
        fit_settings = FitSettings(TrainingParams(**params), seed, place(device, precision), console.epoch)
        settings = TrainSettings(
            backend=backend,
            parameters=from_pairs(pairs),
            positive=positive,
            name=name,
            workers=workers,
            fit=fit_settings,
            about=_texts(about),
            on_film=console.film,
        )
        console.summary(run(directory, out, settings))


def _texts(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    with open(path, "rb") as file:
        try:
            return {key: str(value) for key, value in tomllib.load(file).items()}
        except tomllib.TOMLDecodeError as error:
            raise InputError(f'{path}: {error}: write it as TOML, such as licence = "CC BY 4.0"') from error

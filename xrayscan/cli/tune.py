"""`xrayscan tune`: search for the parameters that train the best model."""

from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli.options import FilmPath, cache, examples, hardware, labelled_folder, share_option
from xrayscan.cli.signals import RESUME
from xrayscan.errors import UsageError

if TYPE_CHECKING:
    from xrayscan.dataset.labelled_folder import FolderSettings
    from xrayscan.tuning.search import Objective


@click.command(
    epilog=examples(
        "xrayscan tune labelled/ --out runs/search",
        "xrayscan tune labelled/ --out runs/search --trials 60 --timeout 7200",
        "xrayscan tune labelled/ --out runs/small --space space.toml --set side=96 --epochs 6",
        "xrayscan train labelled/ --out runs/best --recipe runs/search/best.toml",
    ),
    context_settings={"auto_envvar_prefix": "XRAYSCAN_TUNE"},
)
@click.argument("directory", metavar="DIR", type=FilmPath(exists=True, file_okay=False))
@click.option("--out", required=True, metavar="TUNE/", help="Folder for the study, the report and the best recipe.")
@click.option("--model", "backend", metavar="BACKEND", show_default="cnn", help="What to tune.")
@click.option(
    "--recipe",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE.toml",
    help="Where the search starts from: parameters that stay fixed unless --space searches them.",
)
@click.option(
    "--space",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE.toml",
    help="What to search; default: the space that the parameters declare.",
)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A parameter to keep fixed; repeatable.")
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Passes over the films per trial, at most.")
@click.option("--trials", type=click.IntRange(1), default=30, show_default=True, help="Trials, earlier runs included.")
@click.option("--timeout", type=click.FloatRange(0), metavar="SECONDS", help="Begin no trial after this time.")
@click.option(
    "--objective",
    type=click.Choice(["val_auroc", "val_loss", "val_sensitivity"]),
    default="val_auroc",
    show_default=True,
    help="What the best trial is best in.",
)
@labelled_folder
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split, the search and every training.")
@cache
@share_option
@hardware
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def tune(
    directory: str,
    out: str,
    backend: str | None,
    recipe: str | None,
    space: str | None,
    pairs: tuple[str, ...],
    epochs: int | None,
    trials: int,
    timeout: float | None,
    objective: "Objective",
    folder: "FolderSettings",
    seed: int,
    cache: str,
    cache_size: int,
    share: bool,
    device: str,
    precision: str,
    workers: int | None,
    quiet: bool,
) -> None:
    """Search for the parameters that train the best model on DIR, a labelled folder as for `xrayscan train`.

    Optuna proposes combinations (TPE) and stops those that fall behind (median pruning); each is trained on the
    training films and judged on the validation films. Test films are not read. The same command goes on with the
    search it finds in TUNE/; more --trials extend it. TUNE/best.toml is a recipe for `xrayscan train --recipe`.
    """
    import xrayscan.tuning  # noqa: F401 - says at once where Optuna is missing
    from xrayscan.console.tune import TuneConsole
    from xrayscan.model.backend import FitSettings
    from xrayscan.model.parameters import from_pairs
    from xrayscan.network.device import place
    from xrayscan.training import TrainSettings
    from xrayscan.training.recipe import Recipe, read_recipe
    from xrayscan.tuning.space import searched_names
    from xrayscan.tuning.tuner import TuneSettings
    from xrayscan.tuning.tuner import tune as run

    click.get_current_context().meta[RESUME] = lambda: ": finished trials are kept; run the same command to resume"
    given: dict[str, Any] = dict(from_pairs(pairs))
    if epochs is not None:
        if "epochs" in given:
            raise UsageError("epochs is given twice, by --epochs and by --set: give it once")
        given["epochs"] = epochs
    start = read_recipe(recipe) if recipe else Recipe()
    searched = searched_names(space) if space else ()
    fixed = {**{name: value for name, value in start.parameters.items() if name not in searched}, **given}
    with TuneConsole(objective, trials, quiet=quiet) as console:
        train = TrainSettings(
            backend=backend or start.run.get("model", "cnn"),
            parameters=fixed,
            folder=folder,
            workers=workers,
            fit=FitSettings(
                seed=seed, placement=place(device, precision), on_epoch=console.epoch, on_step=console.step
            ),
            on_film=console.film,
            on_split=console.split,
            cache=cache,
            cache_size=cache_size,
            share=share,
        )
        settings = TuneSettings(
            train=train,
            objective=objective,
            space=space,
            trials=trials,
            timeout=timeout,
            on_plan=console.plan,
            on_begin=console.begin,
            on_end=console.end,
        )
        console.summary(run(directory, out, settings))

"""`xrayscan tune`: search for the parameters that train the best model."""

import dataclasses
from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from xrayscan.cli import options
from xrayscan.cli.recipes import Recipes
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.signals import RESUME, began
from xrayscan.cli.types import EXISTING_FILE, LABELLED
from xrayscan.dataset.folder_settings import FolderSettings

if TYPE_CHECKING:
    from xrayscan.tuning.tuner import TuneSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """What to search, on what, and for how long."""

    directory: str = argument("DIR", LABELLED)
    out: str = option(MISSING, "Output folder for the study, the report and the best recipe.", metavar="TUNE/")
    recipes: Recipes
    space: str | None = option(
        None,
        "Parameters to search; default: the space that the backend and training declare.",
        type=EXISTING_FILE,
        metavar="FILE.toml",
    )
    epochs: int | None = option(
        None, "Passes over the training films per trial, at most.", range=(1, None), metavar="N"
    )
    trials: int = option(30, "Number of trials, earlier runs included.", range=(1, None))
    timeout: float | None = option(
        None, "Start no new trial after this many seconds.", range=(0, None), metavar="SECONDS"
    )
    objective: Literal["val_auroc", "val_loss", "val_sensitivity"] = option(
        "val_auroc", "Metric that selects the best trial."
    )
    labels: FolderSettings
    seed: int = option(0, "Random seed for the split, the search and every training.")
    cache: options.Cache
    share: bool = options.share_option()
    hardware: options.Hardware
    quiet: bool = options.quiet_option()
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class TrialMade:
    """One combination of parameters, and what it came to."""

    number: int  # from 1
    state: str  # complete, pruned or failed
    value: float | None  # the objective at its best epoch; null unless complete
    parameters: dict[str, Any]
    epochs: int
    seconds: float
    reason: str  # why it failed; else empty


@dataclass(frozen=True, slots=True)
class SearchMade:
    """A search for parameters."""

    objective: str
    best: int  # the number of the best trial
    recipe: str  # the file that `xrayscan train --recipe` takes
    files: list[str]
    importance: dict[str, float]  # share of the differences between trials that each parameter explains
    trials: list[TrialMade]


@command(
    "xrayscan tune labelled/ --out runs/search",
    "xrayscan tune labelled/ --out runs/search --trials 60 --timeout 7200",
    "xrayscan tune labelled/ --out runs/small --space space.toml --set side=96 --epochs 6",
    "xrayscan train labelled/ --out runs/best --recipe runs/search/best.toml",
)
def tune(asked: TuneOptions) -> SearchMade:
    """Search for the parameters that train the best model on DIR, a labelled folder as for `xrayscan train`.

    Optuna proposes combinations (TPE) and stops those that fall behind (median pruning); each is trained on the
    training films and judged on the validation films. Test films are not read. The same command goes on with the
    search it finds in TUNE/; more --trials extend it. TUNE/best.toml is a recipe for `xrayscan train --recipe`.
    """
    import xrayscan.tuning  # noqa: F401 - says at once where Optuna is missing
    from xrayscan.console.tune import TuneConsole
    from xrayscan.tuning.tuner import tune as run

    click.get_current_context().meta[RESUME] = lambda: ": finished trials are kept; run the same command to resume"
    with TuneConsole(asked.objective, asked.trials, quiet=asked.quiet, since=began()) as console:
        tuned = run(asked.directory, asked.out, _settings(asked, console))
        console.summary(tuned, asked.directory)
    trials = [
        TrialMade(one.number, one.state, one.value, dict(one.parameters), len(one.curve), one.seconds, one.reason)
        for one in tuned.trials
    ]
    return SearchMade(
        tuned.objective, tuned.best.number, tuned.recipe, list(tuned.files), dict(tuned.importance), trials
    )


def _settings(asked: TuneOptions, console: Any) -> "TuneSettings":
    from xrayscan.model.backend import FitSettings
    from xrayscan.training import TrainSettings
    from xrayscan.tuning.tuner import TuneSettings

    fit = FitSettings(
        seed=asked.seed,
        placement=asked.hardware.placement(),
        on_epoch=console.epoch,
        on_step=console.step,
        on_validated=console.validated,
    )
    train = TrainSettings(
        backend=asked.recipes.backend,
        parameters=_fixed(asked),
        folder=asked.labels,
        workers=asked.hardware.workers,
        fit=fit,
        on_film=console.film,
        on_split=console.split,
        cache=asked.cache.folder(),
        cache_size=asked.cache.size(),
        share=asked.share,
    )
    return TuneSettings(
        train=train,
        objective=asked.objective,
        space=asked.space,
        trials=asked.trials,
        timeout=asked.timeout,
        on_plan=console.plan,
        on_begin=console.begin,
        on_end=console.end,
    )


def _fixed(asked: TuneOptions) -> dict[str, Any]:
    """Parameters that every trial has: those of a recipe unless they are searched, and all that were given here."""
    from xrayscan.tuning.space import searched_names

    given = {} if asked.epochs is None else {"epochs": asked.epochs}
    every = asked.recipes.parameters(given)
    here = dataclasses.replace(asked.recipes, recipe=None).parameters(given)
    searched = set(searched_names(asked.space) if asked.space else ()) - set(here)
    return {name: value for name, value in every.items() if name not in searched}

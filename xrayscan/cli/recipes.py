"""What is trained, and with which parameters: --backend, --set and --recipe of `train` and `tune`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli.settings import option
from xrayscan.cli.types import EXISTING_FILE, BackendName
from xrayscan.errors import UsageError

if TYPE_CHECKING:
    from xrayscan.training.recipe import Recipe

ALIASES = {"lr": "learning_rate", "optimizer": "optimiser"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipes:
    """A backend and its parameters."""

    backend: str = option(
        "cnn", "Recipe to train; `xrayscan models` lists them.", type=BackendName(), metavar="BACKEND"
    )
    former: str | None = option(None, "Now --backend.", "--model", hidden=True)
    pairs: tuple[str, ...] = option(
        (),
        "Set a parameter of the backend or of training; repeatable. `xrayscan models show BACKEND` lists them.",
        "--set",
        metavar="KEY=VALUE",
    )
    recipe: str | None = option(
        None,
        "Start from the settings of another run or of a search; options given here override them.",
        type=EXISTING_FILE,
        metavar="FILE.toml",
    )

    def __post_init__(self) -> None:
        if self.former is not None:
            raise click.UsageError(f"--model is a trained model: to choose what is trained, --backend {self.former}")

    def parameters(self, given: Mapping[str, Any], *, resumed: str | None = None) -> dict[str, Any]:
        """Those of the recipe, under those of --set and of options of their own; ``resumed``: the run's folder.

        Raises: UsageError for one given in both ways.
        """
        from xrayscan.model.parameters import from_pairs

        pairs = {ALIASES.get(name, name): value for name, value in from_pairs(self.pairs).items()}
        if both := sorted(set(given) & set(pairs)):
            raise UsageError(f"{both[0]} is given twice, by --{both[0].replace('_', '-')} and by --set: give it once")
        return {**_recipe(self.recipe, resumed).parameters, **pairs, **given}

    @staticmethod
    def below(values: Mapping[str, Any], extra: list[str]) -> Mapping[str, Any]:
        """The options that a recipe sets; for a run that is resumed, its own recipe.

        None for a parameter that the recipe or --set gives: it is more particular than a settings file.
        """
        from xrayscan.model.parameters import from_pairs

        recipe, resumed = values.get("recipe"), values.get("out") if values.get("resume") is True else None
        pairs = from_pairs(map(str, values.get("pairs") or ()))
        if not resumed and not os.path.isfile(recipe or ""):
            # that a file is not there, --recipe itself says
            return dict.fromkeys(ALIASES.get(name, name) for name in pairs)
        named, read = {"labels": "labels_csv"}, _recipe(recipe, resumed)
        own = dict.fromkeys((*read.parameters, *(ALIASES.get(name, name) for name in pairs)))
        return {**own, **{named.get(key, key): value for key, value in read.run.items()}}


def _recipe(path: str | None, resumed: str | None) -> "Recipe":
    from xrayscan.training.recipe import RECIPE_FILE, Recipe, read_recipe

    own = os.path.join(resumed, RECIPE_FILE) if resumed else ""
    if path is None and os.path.exists(own):
        path = own
    return read_recipe(path) if path else Recipe()

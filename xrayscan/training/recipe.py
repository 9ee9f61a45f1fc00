"""Recipes: everything that a training run was asked for, as a flat TOML file that another run can take."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import tomli_w

from xrayscan.errors import InputError
from xrayscan.files.atomic import atomic_writer
from xrayscan.files.toml import read_toml

RECIPE_FILE = "recipe.toml"  # inside a training run's folder
# Keys that are no parameters of backend or training, with their types.
RUN_KEYS: Mapping[str, type] = {
    "backend": str,
    "seed": int,
    "weights": str,
    "precision": str,
    "positive": str,
    "labels": str,
    "patient_pattern": str,
    "path_column": str,
    "label_column": str,
    "patient_column": str,
    "ignore_label": list,
    "uncertain": str,
    "operating_points": list,
    "fast_dev_run": bool,
}
KINDS = {str: "a text", int: "a whole number", list: "a list of texts", bool: "true or false"}


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """``run`` holds keys of `RUN_KEYS`, ``parameters`` those of the backend and of training, neither checked yet."""

    run: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def read_recipe(path: str) -> Recipe:
    """Read a recipe. Raises: InputError that names the file and what is wrong with it."""
    values = read_toml(path, f"give a recipe such as RUN/{RECIPE_FILE}", "epochs = 20")
    if "model" in values:  # as 0.1 called it
        values.setdefault("backend", values.pop("model"))
    for key, value in values.items():
        if key in RUN_KEYS and not isinstance(value, RUN_KEYS[key]):
            raise InputError(f"{path}: {key} = {value!r}: give {KINDS[RUN_KEYS[key]]}")
        parts = value if isinstance(value, list) else [value]
        if key not in RUN_KEYS and any(isinstance(part, (dict, list)) for part in parts):
            raise InputError(f"{path}: {key}: a recipe is flat: key = value, or a list of values, per parameter")
    run = {key: value for key, value in values.items() if key in RUN_KEYS}
    return Recipe(run, {key: value for key, value in values.items() if key not in RUN_KEYS})


def write_recipe(path: str, values: Mapping[str, Any], notes: Mapping[str, str]) -> None:
    """Write values that are not None; ``notes`` become comments. Raises: OutputError."""
    kept = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    with atomic_writer(path) as file:
        file.write("# Everything that this run was asked for: xrayscan train DIR --out RUN/ --recipe recipe.toml\n")
        for key, note in notes.items():
            file.write(f"# {key}: {ascii(note)[1:-1]}\n")  # a comment ends with its line, whatever a folder is called
        file.write("\n" + tomli_w.dumps({key: value for key, value in kept.items() if value is not None}))

"""What is searched: a backend's and training's parameters, some fixed, the others within a space."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from xrayscan.errors import ModelError, UsageError
from xrayscan.model.backend import Backend, TrainingParams
from xrayscan.model.parameters import parse_both
from xrayscan.plugin.manager import load_registry
from xrayscan.training.plan import TrainSettings
from xrayscan.tuning.space import Space, declared_space, read_space, space_identity

Objective = Literal["val_auroc", "val_loss", "val_sensitivity"]


@dataclass(frozen=True, slots=True)
class Search:
    """A search, checked before any film is read. ``fixed`` holds the values that every trial shares."""

    backend: Backend
    objective: Objective
    fixed: Mapping[str, Any]
    space: Space
    defaults: TrainingParams = TrainingParams()  # of what is neither fixed nor searched

    @property
    def maximises(self) -> bool:
        """Whether a larger value of the objective is better."""
        return self.objective != "val_loss"

    def parameters(self, tried: Mapping[str, Any]) -> tuple[Any, TrainingParams]:
        """Return the backend's and the training parameters of a trial. Raises: ModelError for values out of range."""
        values = {**dataclasses.asdict(self.defaults), **self.fixed, **tried}
        params, training = parse_both(self.backend.params, TrainingParams, values, of=f"backend {self.backend.name}")
        return params, training

    def values(self, tried: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter of a trial by name, defaults included."""
        params, training = self.parameters(tried)
        return {**dataclasses.asdict(params), **dataclasses.asdict(training)}

    def asked(self, seed: int) -> dict[str, Any]:
        """Return what makes values of two trials comparable, in values that JSON keeps."""
        shared = {name: value for name, value in self.values({}).items() if name not in self.space}
        return {
            "model": self.backend.name,
            "objective": self.objective,
            "seed": seed,
            **shared,
            **space_identity(self.space),
        }


def plan_search(train: TrainSettings, objective: Objective, space: str | None) -> Search:
    """Return the search over a TOML file's space, or over the declared one less what ``train.parameters`` fix.

    Training watches the objective, whatever it watches otherwise: the weights it would keep are those that are judged.
    Raises: ModelError or InputError for what cannot be searched, UsageError for a parameter both fixed and searched.
    """
    backend, fixed = load_registry().backend(train.backend), train.parameters
    if "monitor" in fixed:
        raise UsageError("monitor follows the objective: give --objective instead of --set monitor")
    if space is None:
        declared = declared_space(backend.params, TrainingParams)
        values: Space = {name: value for name, value in declared.items() if name not in fixed}
    else:
        values = read_space(space, backend.params, TrainingParams)
    search = Search(backend, objective, {**fixed, "monitor": objective}, values, train.fit.params)
    search.parameters({})  # the fixed values must be known, and do by themselves
    _check(search, space)
    return search


def _check(search: Search, file: str | None) -> None:
    where = file or f"what backend {search.backend.name} and training declare"
    if both := sorted(set(search.space) & set(search.fixed)):
        raise UsageError(f"{both[0]} is fixed and cannot be searched as well: take it out of {where}, or do not fix it")
    if not search.space:
        raise ModelError(f"{where} leaves nothing to search: give --space FILE.toml, or fix fewer parameters")
    if search.objective == "val_loss" and "class_weights" in search.space:
        raise UsageError(
            "val_loss is weighted by class_weights, so its values cannot be compared while class_weights are searched: "
            "give --objective val_auroc, or --set class_weights"
        )

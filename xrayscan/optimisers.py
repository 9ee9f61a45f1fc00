"""Optimisers and learning-rate schedules by their names."""

from typing import Any, Literal

import torch
from torch import nn
from torch.optim import lr_scheduler

from xrayscan.backend import TrainingParams

MOMENTUM = 0.9
PLATEAU_FACTOR, PLATEAU_PATIENCE = 0.3, 2  # smaller steps after this many epochs without improvement


def make_optimiser(network: nn.Module, params: TrainingParams) -> torch.optim.Optimizer:
    """Return the optimiser. Weight decay is decoupled in adamw, and L2 regularisation in the others."""
    groups = [
        {"params": matrices(network), "weight_decay": params.weight_decay},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},  # norms, biases: only hurts
    ]
    rate = params.learning_rate
    if params.optimiser == "sgd":
        return torch.optim.SGD(groups, rate, momentum=MOMENTUM, nesterov=True, fused=True)
    if params.optimiser == "rmsprop":
        return torch.optim.RMSprop(groups, rate)
    if params.optimiser == "adam":
        return torch.optim.Adam(groups, rate, fused=True)
    return torch.optim.AdamW(groups, rate, fused=True)


def matrices(network: nn.Module) -> list[nn.Parameter]:
    """The weights that regularisation is for: all but biases and norms."""
    return [p for p in network.parameters() if p.ndim > 1]


class Schedule:
    """The learning rate over a training run: told of every step and of every epoch, it sets the optimiser's."""

    def __init__(self, optimiser: torch.optim.Optimizer, params: TrainingParams, steps: int) -> None:
        """``steps`` is the number of steps in an epoch."""
        self._optimiser, total = optimiser, params.epochs * steps
        self._by_epoch: lr_scheduler.ReduceLROnPlateau | None = None
        self._by_step: lr_scheduler.LRScheduler | None = None
        if params.schedule == "one-cycle":
            # Smith, Topin, "Super-convergence" (2018); rmsprop has no momentum to cycle.
            cycle = params.optimiser != "rmsprop"
            self._by_step = lr_scheduler.OneCycleLR(
                optimiser, params.learning_rate, total, pct_start=0.25, cycle_momentum=cycle
            )
        elif params.schedule == "cosine":
            self._by_step = lr_scheduler.CosineAnnealingLR(optimiser, total)
        elif params.schedule == "plateau":
            mode: Literal["min", "max"] = "min" if params.monitor == "val_loss" else "max"
            self._by_epoch = lr_scheduler.ReduceLROnPlateau(optimiser, mode, PLATEAU_FACTOR, PLATEAU_PATIENCE)

    @property
    def rate(self) -> float:
        """The learning rate that the next step takes."""
        return float(self._optimiser.param_groups[0]["lr"])

    def after_step(self) -> None:
        """A step is done."""
        if self._by_step:
            self._by_step.step()

    def after_epoch(self, monitored: float) -> None:
        """An epoch is over, and its monitored figure is this."""
        if self._by_epoch:
            self._by_epoch.step(monitored)

    @property
    def state(self) -> dict[str, Any]:
        """All that changes, as plain values."""
        inner = self._by_step or self._by_epoch
        return dict(inner.state_dict()) if inner else {}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        if inner := self._by_step or self._by_epoch:
            inner.load_state_dict(state)

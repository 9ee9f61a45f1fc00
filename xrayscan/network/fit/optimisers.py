"""Optimisers and learning-rate schedules by their names."""

import functools
import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import lr_scheduler

from xrayscan.model.backend import TrainingParams

LearningGroups = Sequence[tuple[list[nn.Parameter], float]]  # what learns, at which share of the learning rate

FEWEST_TO_CYCLE = 8  # steps: a cycle needs some to rise in
MOMENTUM = 0.9
PLATEAU_FACTOR, PLATEAU_PATIENCE = 0.3, 2  # smaller steps after this many epochs without improvement


def make_optimiser(
    network: nn.Module, params: TrainingParams, learning: LearningGroups | None = None
) -> torch.optim.Optimizer:
    """Return the optimiser; what is in none of the ``learning`` groups is frozen.

    Weight decay is decoupled in adamw, and L2 regularisation in the others.
    """
    groups = []
    network.requires_grad_(False)
    for parameters, share in learning or [(list(network.parameters()), 1.0)]:
        decayed = [p for p in parameters if p.ndim > 1]
        plain = [p for p in parameters if p.ndim <= 1]  # norms and biases: decay would only hurt
        for some, decay in ((decayed, params.weight_decay), (plain, 0.0)):
            if some:
                groups.append({"params": some, "weight_decay": decay, "lr": params.learning_rate * share})
        for parameter in parameters:
            parameter.requires_grad_(True)
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
    return [p for p in network.parameters() if p.ndim > 1 and p.requires_grad]


def train_mode(network: nn.Module) -> None:
    """Put a network into training mode, all but norms that are frozen: their statistics belong to their weights."""
    network.train()
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        if own and not any(parameter.requires_grad for parameter in own):
            module.eval()


def _risen_cosine(warmup: int, total: int, step: int) -> float:
    """Half a cosine from 1 to 0 over ``total`` steps, times a rise from 0 over the first ``warmup``."""
    return min(1.0, (step + 1) / warmup) * (1 + math.cos(math.pi * min(step, total) / total)) / 2


class Schedule:
    """The learning rate over a training run: told of every step and of every epoch, it sets the optimiser's."""

    def __init__(self, optimiser: torch.optim.Optimizer, params: TrainingParams, steps: int) -> None:
        """``steps`` is the number of steps in an epoch."""
        self._optimiser, total = optimiser, params.epochs * steps
        self._by_epoch: lr_scheduler.ReduceLROnPlateau | None = None
        self._by_step: lr_scheduler.LRScheduler | None = None
        if params.schedule == "one-cycle" and total >= FEWEST_TO_CYCLE:
            # Smith, Topin, "Super-convergence" (2018); rmsprop has no momentum to cycle.
            cycle = params.optimiser != "rmsprop"
            self._by_step = lr_scheduler.OneCycleLR(
                optimiser,
                [group["lr"] for group in optimiser.param_groups],
                total,
                pct_start=0.25,
                cycle_momentum=cycle,
            )
        elif params.schedule == "cosine" and not params.warmup:
            self._by_step = lr_scheduler.CosineAnnealingLR(optimiser, total)
        elif params.schedule == "cosine":
            self._by_step = lr_scheduler.LambdaLR(optimiser, functools.partial(_risen_cosine, params.warmup, total))
        elif params.schedule == "plateau":
            mode: Literal["min", "max"] = "min" if params.monitor == "val_loss" else "max"
            self._by_epoch = lr_scheduler.ReduceLROnPlateau(optimiser, mode, PLATEAU_FACTOR, PLATEAU_PATIENCE)

    @property
    def rate(self) -> float:
        """The learning rate that the next step takes: the highest, where parts of the network learn more slowly."""
        return float(max(group["lr"] for group in self._optimiser.param_groups))

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

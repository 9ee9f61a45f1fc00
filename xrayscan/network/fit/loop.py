"""The one training loop and the one predict loop of every network backend."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xrayscan.errors import ModelError, UsageError
from xrayscan.files.text import counted
from xrayscan.model.backend import Epoch, Films, FitSettings, Snapshot, Tensors
from xrayscan.model.batches import out_of_memory
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.device import keep_memory
from xrayscan.network.fit.early_stopping import SPECIFICITY, EarlyStopping, epoch_metrics, sensitivity_at
from xrayscan.network.fit.losses import plain_loss
from xrayscan.network.fit.optimisers import LearningGroups
from xrayscan.network.fit.soup import Soup, rescale
from xrayscan.network.fit.train_state import TrainState
from xrayscan.network.process_group import sharing_cores
from xrayscan.statistics.logistic import fit_shares

BEST = "best/"  # before the names of the best epoch's weights in a snapshot


def fit(
    network: nn.Module,
    spec: InputSpec,
    train: Films,
    validation: Films,
    settings: FitSettings,
    groups: LearningGroups | None = None,
) -> Tensors:
    """Train a network and return the weights of its best epoch by the monitored figure of validation.

    With several ``params.soup``, train as many networks from the same start for ``params.epochs`` each and return
    the mean of their last weights, whatever validation says of their epochs; its logits are rescaled to what the
    members answer together.
    ``groups``: what learns, at which share of the learning rate; None: everything at the full rate.

    After every epoch a snapshot is offered; resumed from one, training ends with the same weights, bit for bit on a
    CPU in fp32 with the same number of threads.
    Raises: ModelError if training diverges, or the snapshot does not fit; UsageError if a step's films do not fit into
    memory.
    """
    if settings.placement.device == "cpu":
        keep_memory()
    with sharing_cores(settings.ranks):
        run = _Run(network, spec, train, settings, groups)
        while not run.over:
            epoch = run.next(validation)
            if settings.on_snapshot:
                settings.on_snapshot(run.snapshot())
            settings.on_epoch(epoch)
    return run.best


@contextlib.contextmanager
def _memory_for(settings: FitSettings) -> Iterator[None]:
    """Say of a step that does not fit into memory what helps. It is not halved: norms would see other batches."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        films = -(-settings.params.batch_size // settings.ranks.size)
        raise UsageError(
            f"{counted(films, 'film')} in a step do not fit into the memory of {settings.placement.device}: give a "
            "smaller --batch-size, or more --devices"
        ) from error


class _Run:
    """A training run between two epochs."""

    def __init__(
        self, network: nn.Module, spec: InputSpec, train: Films, settings: FitSettings, groups: LearningGroups | None
    ) -> None:
        self.settings = settings
        self._new = functools.partial(TrainState, network, spec, train, settings, groups)
        self._start = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        self.soup = Soup()
        self.state = self._new()
        self.stopping = EarlyStopping(settings.params)
        self.epochs: tuple[Epoch, ...] = ()
        self.best: Tensors = self.state.weights()
        if settings.resume:
            self._restore(settings.resume)

    @property
    def over(self) -> bool:
        """Whether all epochs are done, or patience has run out."""
        done = len(self.epochs)
        return done >= self._total or (self._single and done > 0 and self.stopping.given_up(done))

    @property
    def _single(self) -> bool:
        return self.settings.params.soup == 1

    @property
    def _total(self) -> int:
        return self.settings.params.epochs * self.settings.params.soup

    def _finished(self, number: int) -> bool:
        """Whether a member of the soup is done with this epoch."""
        return not self._single and number % self.settings.params.epochs == 0

    def next(self, validation: Films) -> Epoch:
        """Train one epoch and validate."""
        number, started = len(self.epochs) + 1, time.perf_counter()
        if number > 1 and self._finished(number - 1):
            self.state.network.load_state_dict(self._start)
            self.state = self._new()
        state = self.state
        with _memory_for(self.settings):
            train_loss, order, train_logits = state.epoch(number)
        rate, trained = state.schedule.rate, time.perf_counter()
        logits = state.predict(validation, functools.partial(self.settings.on_validated, number))
        if not (np.isfinite(train_logits).all() and np.isfinite(logits).all()):
            raise ModelError(
                f"training diverged in epoch {number}: the network's logits are no longer numbers; "
                "lower the learning rate, or give --precision fp32"
            )
        values = {
            "train_loss": train_loss,
            **epoch_metrics("train", state.train.labels[order], train_logits),
            "val_loss": plain_loss(self.settings.params, validation, torch.from_numpy(logits)),
            **epoch_metrics("val", validation.labels, logits),
            "val_sensitivity": sensitivity_at(SPECIFICITY, validation.labels, logits),
        }
        state.schedule.after_epoch(values[self.settings.params.monitor])
        if better := self._kept(number, values, logits):
            self.best = self._mixed(validation) if self.soup.members else state.weights()
        seconds, speed = time.perf_counter() - started, len(order) / (trained - started)
        epoch = Epoch(
            number,
            self._total,
            best=better,
            learning_rate=rate,
            seconds=seconds,
            images_per_second=speed,
            **values,
        )
        self.epochs += (epoch,)
        return epoch

    def _mixed(self, validation: Films) -> Tensors:
        """The soup of the members so far, rescaled to be as sure as they are together.

        The mean of weights is less sure than the mean of answers, and of another mind about the middle. No label is
        asked.
        """
        self.state.take(self.soup.mean())
        answers = np.asarray(self.soup.answers) / self.soup.members
        rescale(self.state.kept, *fit_shares(self.state.predict(validation), answers))
        return self.state.weights()

    def _kept(self, number: int, values: dict[str, Any], logits: npt.NDArray[np.float32]) -> bool:
        """Whether this epoch's weights are to be kept: the best so far, or those of a member that is done."""
        if self._single:
            return self.stopping.better(number, values)
        if done := self._finished(number):
            self.soup.add(self.state.weights(), logits)
        return done

    def snapshot(self) -> Snapshot:
        """All that the next epoch depends on."""
        best = {f"{BEST}{name}": array for name, array in self.best.items()}
        monitor = {"best": self.stopping.best, "best_number": self.stopping.best_number}
        tensors = {**self.state.tensors(), **best, **self.soup.tensors()}
        return Snapshot(self.epochs, tensors, {**self.state.state(), "monitor": monitor})

    def _restore(self, kept: Snapshot) -> None:
        try:
            self.state.restore(kept.tensors, kept.state)
            self.stopping = EarlyStopping(self.settings.params, **kept.state["monitor"])
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the checkpoint does not fit this training ({type(error).__name__}: {error})") from error
        self.epochs = tuple(dataclasses.replace(epoch, of=self._total) for epoch in kept.epochs)
        if not self._single:
            self.soup = Soup.resumed(kept.tensors, len(kept.epochs) // self.settings.params.epochs)
        self.best = {name.removeprefix(BEST): array for name, array in kept.tensors.items() if name.startswith(BEST)}

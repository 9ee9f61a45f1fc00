"""The one training loop and the one predict loop of every network backend."""

import dataclasses
import time

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xrayscan.attribution import Attribution
from xrayscan.backend import Epoch, Films, FitSettings, Pixels, Placement, Snapshot, Tensors
from xrayscan.card import InputSpec
from xrayscan.device import keep_memory
from xrayscan.errors import ModelError
from xrayscan.forward import logits_of, placed
from xrayscan.learner import Learner
from xrayscan.losses import plain_loss
from xrayscan.optimisers import LearningGroups
from xrayscan.watch import SPECIFICITY, Monitor, figures, sensitivity_at

BEST = "best/"  # before the names of the best epoch's weights in a snapshot


class TorchPredictor:
    """A network on its device: pixels in, raw logits out."""

    def __init__(
        self,
        network: nn.Module,
        spec: InputSpec,
        tensors: Tensors,
        placement: Placement,
        layer: str | None = None,
        heatmap_layers: tuple[str, ...] = (),
    ) -> None:
        """``layer`` names the submodule that `features` reads, ``heatmap_layers`` those of `attributions`."""
        try:
            network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()})
        except RuntimeError as error:
            raise ModelError(f"the weights do not fit the network: {str(error).splitlines()[-1].strip()}") from error
        self.network = placed(network.eval(), placement)
        self.spec = spec
        self.placement = placement
        self.layer = layer
        self.heatmap_layers = heatmap_layers

    def predict(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → raw logits (B,) float32."""
        with torch.inference_mode():
            return logits_of(self.network, pixels, self.spec, self.placement).cpu().numpy()

    def features(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → what the last layer with places says of each film, averaged over them: (B, C).

        Raises: ModelError if the backend names no such layer.
        """
        if self.layer is None:
            raise ModelError("this network declares no layer whose features could be used")
        found: list[torch.Tensor] = []
        hook = self.network.get_submodule(self.layer).register_forward_hook(lambda *call: found.append(call[-1]))
        try:
            self.predict(pixels)
        finally:
            hook.remove()
        return found[0].float().flatten(2).mean(2).cpu().numpy()

    @property
    def attributions(self) -> list[Attribution]:
        """What can be asked where a score came from: one for each of the heatmap's layers, the finest first."""
        return [Attribution(self.network, layer, self.spec, self.placement) for layer in self.heatmap_layers]


def fit(
    network: nn.Module,
    spec: InputSpec,
    train: Films,
    validation: Films,
    settings: FitSettings,
    groups: LearningGroups | None = None,
) -> Tensors:
    """Train a network and return the weights of its best epoch by the monitored figure of validation.

    ``groups``: what learns, at which share of the learning rate; None: everything at the full rate.

    After every epoch a snapshot is offered; resumed from one, training ends with the same weights, bit for bit on a
    CPU in fp32 with the same number of threads.
    Raises: ModelError if training diverges, or the snapshot does not fit.
    """
    if settings.placement.device == "cpu":
        keep_memory()
    run = _Run(network, spec, train, settings, groups)
    while not run.over:
        epoch = run.next(validation)
        if settings.on_snapshot:
            settings.on_snapshot(run.snapshot())
        settings.on_epoch(epoch)
    return run.best


class _Run:
    """A training run between two epochs."""

    def __init__(
        self, network: nn.Module, spec: InputSpec, train: Films, settings: FitSettings, groups: LearningGroups | None
    ) -> None:
        self.settings = settings
        self.learner = Learner(network, spec, train, settings, groups)
        self.monitor = Monitor(settings.params)
        self.epochs: tuple[Epoch, ...] = ()
        self.best: Tensors = self.learner.weights()
        if settings.resume:
            self._restore(settings.resume)

    @property
    def over(self) -> bool:
        """Whether all epochs are done, or patience has run out."""
        done = len(self.epochs)
        return done >= self.settings.params.epochs or (done > 0 and self.monitor.given_up(done))

    def next(self, validation: Films) -> Epoch:
        """Train one epoch and validate."""
        number, learner, started = len(self.epochs) + 1, self.learner, time.perf_counter()
        train_loss, order, train_logits = learner.epoch(number)
        rate, trained = learner.schedule.rate, time.perf_counter()
        logits = learner.predict(validation)
        if not (np.isfinite(train_logits).all() and np.isfinite(logits).all()):
            raise ModelError(
                f"training diverged in epoch {number}: the network's logits are no longer numbers; "
                "lower the learning rate, or give --precision fp32"
            )
        values = {
            "train_loss": train_loss,
            **figures("train", learner.train.labels[order], train_logits),
            "val_loss": plain_loss(self.settings.params, validation, torch.from_numpy(logits)),
            **figures("val", validation.labels, logits),
            "val_sensitivity": sensitivity_at(SPECIFICITY, validation.labels, logits),
        }
        learner.schedule.after_epoch(values[self.settings.params.monitor])
        if better := self.monitor.better(number, values):
            self.best = learner.weights()
        seconds, speed = time.perf_counter() - started, len(order) / (trained - started)
        epoch = Epoch(
            number,
            self.settings.params.epochs,
            best=better,
            learning_rate=rate,
            seconds=seconds,
            images_per_second=speed,
            **values,
        )
        self.epochs += (epoch,)
        return epoch

    def snapshot(self) -> Snapshot:
        """All that the next epoch depends on."""
        best = {f"{BEST}{name}": array for name, array in self.best.items()}
        monitor = {"best": self.monitor.best, "best_number": self.monitor.best_number}
        return Snapshot(self.epochs, {**self.learner.tensors(), **best}, {**self.learner.state(), "monitor": monitor})

    def _restore(self, kept: Snapshot) -> None:
        try:
            self.learner.restore(kept.tensors, kept.state)
            self.monitor = Monitor(self.settings.params, **kept.state["monitor"])
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the checkpoint does not fit this training ({type(error).__name__}: {error})") from error
        of = self.settings.params.epochs
        self.epochs = tuple(dataclasses.replace(epoch, of=of) for epoch in kept.epochs)
        self.best = {name.removeprefix(BEST): array for name, array in kept.tensors.items() if name.startswith(BEST)}

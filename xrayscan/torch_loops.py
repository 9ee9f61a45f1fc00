"""The one training loop and the one predict loop of every network backend."""

import dataclasses
import time

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xrayscan.backend import Epoch, Films, FitSettings, Pixels, Placement, Snapshot, Tensors
from xrayscan.card import InputSpec
from xrayscan.device import keep_memory
from xrayscan.errors import ModelError
from xrayscan.forward import half, images_of, logits_of, placed
from xrayscan.learner import Learner
from xrayscan.losses import plain_loss
from xrayscan.normalise import normalise
from xrayscan.optimisers import LearningGroups
from xrayscan.watch import SPECIFICITY, Monitor, figures, sensitivity_at

PROBES = 16  # films of noise that show where a layer's cells look
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
        heatmap_layer: str | tuple[str, ...] | None = None,
    ) -> None:
        """``layer`` names the submodule that `features` reads, ``heatmap_layer`` those that `attribution` reads."""
        try:
            network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()})
        except RuntimeError as error:
            raise ModelError(f"the weights do not fit the network: {str(error).splitlines()[-1].strip()}") from error
        self.network = placed(network.eval(), placement)
        self.spec = spec
        self.placement = placement
        self.layer = layer
        self.heatmap_layer = heatmap_layer
        self._known_offsets: dict[int, tuple[float, ...]] = {}

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

    def attribution(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → how much each cell of the heatmap's layers raised the logit: (B, h, w), from 0.

        The cells are those of the first layer, and look `attribution_offset` pixels away from where they seem to lie.
        Of several layers it is the geometric mean: hot is what the finer sees and the deeper makes something of.

        Raises: ModelError if the backend names no such layer.
        Source: Jiang et al., "LayerCAM", IEEE TIP 30 (2021): a channel counts by its own gradient at each place, and
        only where it speaks for the finding; maps of several layers are fused. Gradients as Captum computes them.
        """
        from captum.attr import LayerGradientXActivation

        images = normalise(images_of(pixels, self.placement.device), self.spec)
        layers = [self.network.get_submodule(layer) for layer in self._declared()]
        with half(self.placement):
            parts = LayerGradientXActivation(self.network, layers).attribute(images, target=None)
        maps = [torch.relu(part.detach().float()).sum(1).cpu().numpy() for part in parts]
        side, offsets = pixels.shape[1], self._offsets(pixels.shape[1])
        places = _centres(maps[0].shape[1], side, offsets[0])
        fused = np.ones_like(maps[0])
        for cells, offset in zip(maps, offsets, strict=True):
            fused *= _resampled(cells, _centres(cells.shape[1], side, offset), places)
        return np.asarray(fused ** (1 / len(maps)), np.float32)

    def attribution_offset(self, side: int) -> float:
        """How many pixels further right and down the cells of `attribution` look than where they would, were the film
        of ``side`` pixels divided evenly among them. Below 0: further left and up.

        A convolution of stride 2 with a padding of 1 on all sides looks at pixels 0, 2, 4 ...: its cells lie half a
        cell more to the upper left than they seem to, and with every such layer more. Pooling 2 x 2 moves nothing.
        """
        return self._offsets(side)[0]

    def _declared(self) -> tuple[str, ...]:
        if not self.heatmap_layer:
            raise ModelError("this network declares no layer that a heatmap could be made from")
        return (self.heatmap_layer,) if isinstance(self.heatmap_layer, str) else self.heatmap_layer

    def _offsets(self, side: int) -> tuple[float, ...]:
        """Of each layer's cells, in pixels; found once for a side."""
        if side not in self._known_offsets:
            self._known_offsets[side] = tuple(self._offset(layer, side) for layer in self._declared())
        return self._known_offsets[side]

    def _offset(self, layer: str, side: int) -> float:
        """Where the layer's middle cells look: the centroid of the squared gradient that they have on films of noise.

        Rounded to a quarter of a cell: what remains is the network's taste, not its geometry.
        Source: Luo et al., "Understanding the effective receptive field in deep CNNs", NeurIPS 2016.
        """
        noise = np.random.default_rng(0).random((PROBES, 1, side, side), np.float32)
        images = torch.from_numpy(noise).to(self.placement.device)
        soft = torch.nn.functional.avg_pool2d(images, 5, 1, 2, count_include_pad=False)
        given = normalise(soft, self.spec).requires_grad_()
        found: list[torch.Tensor] = []
        hook = self.network.get_submodule(layer).register_forward_hook(lambda *call: found.append(call[-1]))
        try:
            self.network(given)
        finally:
            hook.remove()
        cells = found[0].shape[-1]
        middle = slice((cells - 1) // 2, cells // 2 + 1)  # one of an odd number, two of an even one
        (gradient,) = torch.autograd.grad(found[0][:, :, middle, middle].sum(), given)
        energy = gradient.square().sum((0, 1)).cpu().numpy()
        along = (energy.sum(0) + energy.sum(1)) / 2
        if not along.sum() > 0:
            return 0.0
        share = (np.average(np.arange(side) + 0.5, weights=along) / side - 0.5) * cells  # of a cell
        return float(np.rint(4 * share) / 4 * side / cells) + 0.0  # no -0


def _centres(cells: int, side: int, offset: float) -> npt.NDArray[np.float64]:
    """Where a row of cells looks: (cells,) pixels."""
    return (np.arange(cells) + 0.5) * side / cells + offset


def _resampled(
    maps: npt.NDArray[np.float32], centres: npt.NDArray[np.float64], places: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Maps (B, h, h) known at ``centres`` along each side → at ``places``, between them linear and beyond them flat."""
    weights = np.stack([np.interp(places, centres, one) for one in np.eye(len(centres))], 1)
    return np.asarray(weights @ maps @ weights.T, np.float32)


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

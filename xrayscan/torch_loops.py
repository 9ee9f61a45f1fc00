"""The one training loop and the one predict loop of every network backend."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from xrayscan.augment import augment
from xrayscan.backend import Epoch, Films, FitSettings, Pixels, Placement, Tensors
from xrayscan.card import InputSpec
from xrayscan.errors import ModelError
from xrayscan.normalise import normalise
from xrayscan.watch import SPECIFICITY, Monitor, figures, sensitivity_at

PREDICT_AT_ONCE = 64
EMA_DECAY = 0.997  # about the last 330 steps
Group = tuple[torch.Tensor, ...] | list[torch.Tensor]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchPredictor:
    """A network on its device: pixels in, raw logits out."""

    def __init__(self, network: nn.Module, spec: InputSpec, tensors: Tensors, placement: Placement) -> None:
        try:
            network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()})
        except RuntimeError as error:
            raise ModelError(f"the weights do not fit the network: {str(error).splitlines()[-1].strip()}") from error
        self.network = _placed(network.eval(), placement)
        self.spec = spec
        self.placement = placement

    def predict(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → raw logits (B,) float32."""
        with torch.inference_mode():
            return _logits(self.network, pixels, self.spec, self.placement).cpu().numpy()


def fit(
    network: nn.Module, spec: InputSpec, train: Films, validation: Films, settings: FitSettings
) -> dict[str, npt.NDArray[Any]]:
    """Train a network and return the weights of its best epoch by validation loss.

    Balanced binary cross-entropy, AdamW under a one-cycle schedule, and an exponential moving average of the weights,
    which is what is validated and kept. Order and augmentation are functions of (seed, epoch, batch).
    """
    trainer, monitor = _Trainer(network, spec, train, settings), Monitor(settings.params)
    best = trainer.weights()
    for number in range(1, settings.params.epochs + 1):
        started = time.perf_counter()
        train_loss, order, train_logits = trainer.epoch(number)
        train_seconds = time.perf_counter() - started
        logits = trainer.predict(validation)
        val_loss = balanced_loss(torch.from_numpy(logits), validation.labels, class_weights(validation)).item()
        values = {
            "train_loss": train_loss,
            **figures("train", train.labels[order], train_logits),
            "val_loss": val_loss,
            **figures("val", validation.labels, logits),
            "val_sensitivity": sensitivity_at(SPECIFICITY, validation.labels, logits),
        }
        if better := monitor.better(number, values):
            best = trainer.weights()
        settings.on_epoch(
            Epoch(
                number=number,
                of=settings.params.epochs,
                **values,
                best=better,
                learning_rate=float(trainer.schedule.get_last_lr()[0]),
                seconds=time.perf_counter() - started,
                images_per_second=trainer.steps * trainer.batch_size / train_seconds,
            )
        )
        if monitor.given_up(number):
            break
    return best


class _Trainer:
    """A network with its optimiser, schedule and moving average, and the films it learns from."""

    def __init__(self, network: nn.Module, spec: InputSpec, train: Films, settings: FitSettings) -> None:
        self.spec, self.train, self.settings = spec, train, settings
        self.batch_size = min(settings.params.batch_size, len(train))
        self.steps = len(train) // self.batch_size
        self.class_weights = class_weights(train)
        self.network = _placed(network, settings.placement)
        self.averaged = AveragedModel(self.network, multi_avg_fn=_moving_average, use_buffers=True)
        weights = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]  # biases and norms: decay would only hurt
        self.optimiser = torch.optim.AdamW(
            [
                {"params": weights, "weight_decay": settings.params.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            settings.params.learning_rate,
            fused=True,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            settings.params.learning_rate,
            total_steps=settings.params.epochs * self.steps,
            pct_start=0.25,
        )

    def epoch(self, number: int) -> tuple[float, npt.NDArray[np.intp], npt.NDArray[np.float32]]:
        """One pass over the training films in an order of its own. Returns mean loss, order and logits."""
        self.network.train()
        order = np.random.default_rng((self.settings.seed, number)).permutation(len(self.train))
        order = order[: self.steps * self.batch_size]
        done = [self._step(films, number, n) for n, films in enumerate(order.reshape(self.steps, -1))]
        losses, logits = zip(*done, strict=True)
        return float(torch.stack(losses).mean()), order, torch.cat(logits).cpu().numpy()

    def _step(self, films: npt.NDArray[np.intp], epoch: int, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        placement = self.settings.placement
        # A generator on the CPU, so that the same seed draws the same parameters on every device.
        seed = np.random.SeedSequence((self.settings.seed, epoch, batch)).generate_state(1)
        draws = torch.Generator().manual_seed(int(seed[0]))
        images = _images(self.train.pixels[films], placement.device)
        images = normalise(augment(images, self.settings.params.augment, draws), self.spec)
        with torch.autocast(_kind(placement), DTYPES[placement.precision], enabled=placement.precision != "fp32"):
            logits = self.network(images).flatten().float()
        loss = balanced_loss(logits, self.train.labels[films], self.class_weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        return loss.detach(), logits.detach()

    def predict(self, films: Films) -> npt.NDArray[np.float32]:
        """Raw logits (N,) of films by the averaged weights."""
        network = self.averaged.module.eval()
        with torch.inference_mode():
            parts = [
                _logits(network, films.pixels[at : at + PREDICT_AT_ONCE], self.spec, self.settings.placement)
                for at in range(0, len(films), PREDICT_AT_ONCE)
            ]
        return torch.cat(parts).cpu().numpy()

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """A copy of the averaged weights."""
        return {name: tensor.cpu().numpy().copy() for name, tensor in self.averaged.module.state_dict().items()}


def _moving_average(averaged: Group, current: Group, seen: torch.Tensor | int) -> None:
    """Exponential moving average that forgets its beginning: over few steps at first, over 1 / (1 - decay) later on."""
    decay = min(EMA_DECAY, (1 + int(seen)) / (10 + int(seen)))
    if averaged[0].is_floating_point():
        torch._foreach_lerp_(averaged, current, 1 - decay)
    else:
        torch._foreach_copy_(averaged, current)


def class_weights(films: Films) -> tuple[float, float]:
    """Loss weights of films without and with the finding, so that both labels weigh the same in total."""
    share = float(films.labels.mean())
    return 0.5 / (1 - share), 0.5 / share


def balanced_loss(logits: torch.Tensor, labels: npt.NDArray[np.uint8], weights: tuple[float, float]) -> torch.Tensor:
    """Binary cross-entropy of logits (B,) with class weights: a scalar."""
    target = torch.from_numpy(labels.astype(np.float32)).to(logits.device)
    return functional.binary_cross_entropy_with_logits(
        logits, target, weight=weights[0] + (weights[1] - weights[0]) * target
    )


def _logits(network: nn.Module, pixels: Pixels, spec: InputSpec, placement: Placement) -> torch.Tensor:
    """Pixels (B, S, S) uint8 → raw logits (B,) float32 on the device."""
    images = normalise(_images(pixels, placement.device), spec)
    with torch.autocast(_kind(placement), DTYPES[placement.precision], enabled=placement.precision != "fp32"):
        logits: torch.Tensor = network(images)
    return logits.flatten().float()


def _images(pixels: Pixels, device: str) -> torch.Tensor:
    """Pixels (B, S, S) uint8 → images (B, 1, S, S) float32 in [0, 1], converted on the device."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(device, non_blocking=True).unsqueeze(1).float() / 255


def _placed(network: nn.Module, placement: Placement) -> nn.Module:
    return network.to(placement.device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _kind(placement: Placement) -> str:
    return placement.device.partition(":")[0]

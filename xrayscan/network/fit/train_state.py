"""A network while it learns: its optimiser, schedule and moving average, and one epoch over the training films."""

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from xrayscan.errors import UsageError
from xrayscan.files.text import counted
from xrayscan.model.backend import Films, FitSettings, Pixels, Tensors
from xrayscan.model.batches import Batches
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.fit.augmentation import PRESETS, Partners, augment
from xrayscan.network.fit.data_parallel import data_parallel, with_shared_norms
from xrayscan.network.fit.losses import Loss, absolute_sum
from xrayscan.network.fit.optimisers import LearningGroups, Schedule, make_optimiser, matrices, train_mode
from xrayscan.network.fit.random_draws import Indices, RandomDraws, balanced_order, network_seed, order_of
from xrayscan.network.forward import autocast, images_of, placed, predicted
from xrayscan.network.normalise import normalise
from xrayscan.network.process_group import gathered

NICE = 10
Arrays = dict[str, npt.NDArray[Any]]
Group = tuple[torch.Tensor, ...] | list[torch.Tensor]


class TrainState:
    """Order, augmentation and dropout are functions of (seed, epoch, film), so that an epoch can be done again.

    Of several processes each takes its part of every batch; only dropout then depends on how many they are.
    """

    def __init__(
        self,
        network: nn.Module,
        spec: InputSpec,
        train: Films,
        settings: FitSettings,
        groups: LearningGroups | None = None,
    ) -> None:
        self.spec, self.train, self.settings, params = spec, train, settings, settings.params
        self.ranks = settings.ranks
        self.batch_size = min(params.batch_size, len(train))
        if self.batch_size < self.ranks.size:
            raise UsageError(
                f"batches of {counted(self.batch_size, 'film')} cannot be shared by {self.ranks.size} devices: give "
                "fewer --devices, or more films a batch"
            )
        self.steps = len(train) // self.batch_size
        self.loss = Loss(params, train)
        self.network = placed(with_shared_norms(network, self.ranks, settings.placement.device), settings.placement)
        average = functools.partial(_moving_average, params.ema)
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True) if params.ema else None
        self.optimiser = make_optimiser(self.network, params, groups)
        self.parallel = data_parallel(self.network, self.ranks)
        self.schedule = Schedule(self.optimiser, params, self.steps)
        # fp16 loses small gradients, unless the loss is scaled up and they are scaled down again.
        kind, scaled = settings.placement.device.partition(":")[0], settings.placement.precision == "fp16"
        self.scaler = torch.amp.GradScaler(kind, enabled=scaled)

    def epoch(self, number: int) -> tuple[float, Indices, npt.NDArray[np.float32]]:
        """One pass over the training films. Returns the mean loss, the films in the order taken, and their logits."""
        train_mode(self.network)
        torch.manual_seed(network_seed(self.settings.seed, number) + self.ranks.rank)
        order = self._order(number)
        taken, losses, logits = [], [], []
        for done, (places, images) in enumerate(self._batches(order, number), 1):
            loss, of_batch = self._step(images, self.train.labels[order[places]])
            taken.append(places)
            losses.append(loss)
            logits.append(of_batch)
            self.settings.on_step(number, done, self.steps)
        answers = gathered(self.ranks, np.concatenate(taken), torch.cat(logits).cpu().numpy(), len(order))
        return self._mean(torch.stack(losses).mean()), order, answers

    def _mean(self, value: torch.Tensor) -> float:
        """The mean over all processes."""
        own = value.cpu().numpy().reshape(1)
        return float(gathered(self.ranks, np.array([self.ranks.rank]), own, self.ranks.size).mean())

    def _order(self, number: int) -> Indices:
        """The films of an epoch, batch after batch."""
        seed, share = self.settings.seed, self.settings.params.positive_share
        if share and len(np.unique(self.train.labels)) == 2:
            return balanced_order(seed, number, self.train.labels, self.batch_size, share)
        return order_of(seed, number, len(self.train))[: self.steps * self.batch_size]

    def _batches(self, order: Indices, number: int) -> Iterator[tuple[Indices, torch.Tensor]]:
        """This process's places in the epoch's order, step by step, with their network input: one step ahead.

        A film that comes once in an epoch has draws of its own wherever it stands; in batches of balanced labels, where
        it may come twice, every place has.
        """
        draws = RandomDraws.from_epoch(self.settings.seed, number, len(self.train))
        draws = draws.rows(np.arange(len(order)) if self.settings.params.positive_share else order)
        batches = self.ranks.share(np.arange(len(order)).reshape(self.steps, self.batch_size))
        with ThreadPoolExecutor(1, thread_name_prefix="augment", initializer=_give_way) as ahead:
            coming = ahead.submit(self._images, order[batches[0]], draws.rows(batches[0]))
            for n, places in enumerate(batches):
                images = coming.result()
                if n + 1 < self.steps:
                    coming = ahead.submit(self._images, order[batches[n + 1]], draws.rows(batches[n + 1]))
                yield places, images

    def _images(self, films: Indices, draws: RandomDraws) -> torch.Tensor:
        """Films (B,) as a batch (B, C, S, S) of network input, each changed by its own row of draws."""
        device, preset = self.settings.placement.device, self.settings.params.augment
        images = images_of(self.train.pixels[films], device)
        partners = self._partners(films, draws) if PRESETS[preset].needs_partners else None
        return normalise(augment(images, preset, draws, partners), self.spec)

    def _partners(self, films: Indices, draws: RandomDraws) -> Partners:
        """Films that others (B,) are changed after, as each one's row of draws says."""
        device = self.settings.placement.device
        lending = (draws["partner"][:, 0] * len(self.train)).astype(np.intp)
        of_label = [np.flatnonzero(self.train.labels == label) for label in (0, 1)]
        kin = [
            of_label[label][int(drawn * len(of_label[label]))]
            for label, drawn in zip(self.train.labels[films], draws["kin"][:, 0], strict=True)
        ]
        return Partners(images_of(self.train.pixels[lending], device), images_of(self.train.pixels[kin], device))

    def _step(self, images: torch.Tensor, labels: npt.NDArray[np.uint8]) -> tuple[torch.Tensor, torch.Tensor]:
        with autocast(self.settings.placement):
            logits = self.parallel(images).flatten().float()
        # The mean over processes is taken of losses and gradients: parts that differ in size count by their films.
        loss = self.loss(logits, labels) * (len(labels) * self.ranks.size / self.batch_size)
        if self.settings.params.l1:
            loss = loss + self.settings.params.l1 * absolute_sum(matrices(self.network))
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.settings.params.clip:
            self.scaler.unscale_(self.optimiser)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.params.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.schedule.after_step()
        if self.averaged:
            self.averaged.update_parameters(self.network)
        return loss.detach(), logits.detach()

    def predict(
        self, films: Films, on_film: Callable[[int, int], None] = lambda done, of: None
    ) -> npt.NDArray[np.float32]:
        """Raw logits (N,) of films by the weights that would be kept. ``on_film`` is told how many are done."""
        network, done, own = self.kept.eval(), 0, self.ranks.share(np.arange(len(films)))

        def ask(part: Pixels) -> npt.NDArray[np.float32]:
            nonlocal done
            logits = predicted(network, part, self.spec, self.settings.placement)
            done += len(part)
            on_film(min(done * self.ranks.size, len(films)), len(films))
            return logits

        logits = Batches().over(ask, films.pixels[own]) if len(own) else np.zeros(0, np.float32)
        return gathered(self.ranks, own, logits, len(films))

    @property
    def kept(self) -> nn.Module:
        """The network with the weights that would be kept."""
        return self.averaged.module if self.averaged else self.network

    def weights(self) -> Arrays:
        """A copy of the weights that would be kept."""
        return _arrays(self.kept.state_dict())

    def take(self, weights: Tensors) -> None:
        """Put other weights in the place of those that would be kept."""
        self.kept.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})

    def tensors(self) -> Arrays:
        """A copy of every tensor that training changes."""
        averaged = self.averaged.state_dict() if self.averaged else {}
        moments = {
            f"{index}/{name}": value
            for index, values in self.optimiser.state_dict()["state"].items()
            for name, value in values.items()
            if isinstance(value, torch.Tensor)
        }
        parts = {"network": self.network.state_dict(), "averaged": averaged, "optimiser": moments}
        return {f"{part}/{name}": array for part, tensors in parts.items() for name, array in _arrays(tensors).items()}

    def state(self) -> dict[str, Any]:
        """Every plain value that training changes."""
        groups = [
            {name: value for name, value in group.items() if name != "params"} for group in self.optimiser.param_groups
        ]
        return {"groups": groups, "schedule": self.schedule.state, "scaler": self.scaler.state_dict()}

    def restore(self, tensors: Tensors, state: Mapping[str, Any]) -> None:
        """Take over what ``tensors`` and ``state`` gave."""
        self.network.load_state_dict(_part(tensors, "network"))
        if self.averaged:
            self.averaged.load_state_dict(_part(tensors, "averaged"))
        weights = [weight for group in self.optimiser.param_groups for weight in group["params"]]
        moments: dict[int, dict[str, Any]] = {}
        for name, value in _part(tensors, "optimiser").items():
            index, _, moment = name.partition("/")
            weight = weights[int(index)]
            if value.shape == weight.shape:  # fused optimisers need moments laid out in memory as their weights are
                value = torch.empty_like(weight, requires_grad=False).copy_(value)
            moments.setdefault(int(index), {})[moment] = value
        fresh = self.optimiser.state_dict()["param_groups"]
        groups = [{**group, **_tuples(kept)} for group, kept in zip(fresh, state["groups"], strict=True)]
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self.schedule.state = dict(state["schedule"])
        self.scaler.load_state_dict(dict(state["scaler"]))


def _give_way() -> None:
    """Have this thread take what the step leaves of the cores: a step that waits for a core waits with all others.

    Measured on 2 cores, default model: an epoch at 0.97 of the bare step's rate in bf16, against 0.94 without.
    """
    if sys.platform == "linux":  # elsewhere a thread has no priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def _moving_average(decay: float, averaged: Group, current: Group, seen: torch.Tensor | int) -> None:
    """Exponential moving average that forgets its beginning: over few steps at first, over 1 / (1 - decay) later on."""
    decay = min(decay, (1 + int(seen)) / (10 + int(seen)))
    if averaged[0].is_floating_point():
        torch._foreach_lerp_(averaged, current, 1 - decay)
    else:
        torch._foreach_copy_(averaged, current)


def _arrays(tensors: Mapping[str, torch.Tensor]) -> Arrays:
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}


def _part(tensors: Tensors, name: str) -> dict[str, torch.Tensor]:
    """The tensors below one name, without it."""
    inside = {key.removeprefix(f"{name}/"): array for key, array in tensors.items() if key.startswith(f"{name}/")}
    return {key: torch.from_numpy(array.copy()) for key, array in inside.items()}


def _tuples(group: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; optimisers want their betas as a tuple."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in group.items()}

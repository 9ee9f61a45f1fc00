"""Which cells of a network's layer raised its logit, and where on the film these cells look."""

import contextlib
import copy
import functools
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xrayscan.model.backend import Pixels, Placement
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.forward import autocast, images_of
from xrayscan.network.normalise import normalise

PROBE_SIDE = 384  # pixels of the film of noise that shows where a layer's cells look

Maps = npt.NDArray[np.float32]


class Attribution:
    """A network asked which cells of one of its layers spoke for the positive label; several threads may ask."""

    def __init__(self, network: nn.Module, layer: str, spec: InputSpec, placement: Placement) -> None:
        """``layer`` names a submodule of the network, whose weights learn no more from now on."""
        self._network, self._layer, self._spec, self._placement = network.requires_grad_(False), layer, spec, placement
        self._asked = _cut_at(network.get_submodule(layer))

    def maps(self, pixels: Pixels) -> Maps:
        """Pixels (B, S, S) uint8 → how much each cell of the layer raised the logit: (B, h, w), from 0.

        Gradients begin at the layer: what lies before it is computed as in a scan.
        Source: Jiang et al., "LayerCAM", IEEE TIP 30 (2021): a channel counts by its own gradient at each place, and
        only where it speaks for the positive label.
        """
        images = normalise(images_of(pixels, self._placement.device), self._spec)
        self._asked.output = None
        with autocast(self._placement), torch.enable_grad():
            logits = self._network(images)
        output, self._asked.output = self._asked.output, _NOT_ASKED
        (gradient,) = torch.autograd.grad(logits.sum(), output)
        return torch.relu((gradient * output.detach()).float()).sum(1).cpu().numpy()

    @functools.cached_property
    def offset(self) -> float:
        """How many pixels further right and down the cells of `maps` look than where they seem to lie."""
        return offset_of(self._network, self._layer, self._spec, self._placement.device)


def offset_of(network: nn.Module, layer: str, spec: InputSpec, device: str) -> float:
    """How many pixels further right and down a layer's cells look than where they would, were the film divided evenly
    among them. Below 0: further left and up.

    A convolution of stride 2 with a padding of 1 on all sides looks at pixels 0, 2, 4 ...: its cells lie half a
    cell more to the upper left than they seem to, and with every such layer more. Pooling 2 x 2 moves nothing.

    Measured on a film of noise, so large that a cell sees no edge: the centroid of the squared gradient of the
    middle cells, when every weight counts the same, so that geometry decides and not what the network has learnt
    to look at. Rounded to a quarter of a cell.
    Source: Luo et al., "Understanding the effective receptive field in deep CNNs", NeurIPS 2016.
    """
    noise = np.random.default_rng(0).random((1, 1, PROBE_SIDE, PROBE_SIDE), np.float32)
    with torch.enable_grad():
        given = normalise(torch.from_numpy(noise).to(device), spec).requires_grad_()
        found = _output(_levelled(network), layer, given)
        cells = found.shape[-1]
        middle = slice((cells - 1) // 2, cells // 2 + 1)  # one of an odd number, two of an even one
        (gradient,) = torch.autograd.grad(found[:, :, middle, middle].sum(), given)
    energy = gradient.square().sum((0, 1)).cpu().numpy()
    along = (energy.sum(0) + energy.sum(1)) / 2
    if not along.sum() > 0:
        return 0.0
    share = (np.average(np.arange(PROBE_SIDE) + 0.5, weights=along) / PROBE_SIDE - 0.5) * cells  # of a cell
    return float(np.rint(4 * share) / 4 * PROBE_SIDE / cells) + 0.0  # no -0


_NOT_ASKED = object()


def _cut_at(layer: nn.Module) -> threading.local:
    """Let gradients begin at a layer's output wherever a thread has set ``output`` to None, and keep it there."""
    asked = threading.local()

    def cut(*call: Any) -> Any:
        if getattr(asked, "output", _NOT_ASKED) is not None:
            return None
        asked.output = call[-1].detach().requires_grad_()
        return asked.output.clone()  # what comes next may change it in place

    layer.register_forward_hook(cut)
    return asked


class _ReachedError(Exception):
    """Ends a forward pass at the layer that is asked: what comes behind it may want films of one size only."""


def _output(network: nn.Module, layer: str, images: torch.Tensor) -> torch.Tensor:
    """What the layer makes of the images: (B, C, h, w)."""
    found: list[torch.Tensor] = []

    def stop(*call: Any) -> None:
        found.append(call[-1])
        raise _ReachedError

    hook = network.get_submodule(layer).register_forward_hook(stop)
    with contextlib.suppress(_ReachedError), contextlib.ExitStack() as undo:
        undo.callback(hook.remove)
        network(images)
    return found[0]


def _levelled(network: nn.Module) -> nn.Module:
    """A copy in which every layer averages what it sees, and norms leave it as it is."""
    copied = copy.deepcopy(network)
    with torch.no_grad():
        for name, weights in copied.named_parameters():
            level = 1 / weights[0].numel() if weights.ndim > 1 else float(name.endswith("weight"))
            weights.fill_(level)
        for name, kept in copied.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                kept.fill_(float(name.endswith("var")))
    return copied

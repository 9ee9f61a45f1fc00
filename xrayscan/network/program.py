"""A network with its normalisation as one module, as other runtimes take it: traced, or as an ONNX graph."""

import copy
import functools
import io
import warnings
from typing import Any, NamedTuple

import torch
from torch import nn

from xrayscan.errors import ModelError
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.normalise import normalise
from xrayscan.plugin.isolation import stdout_held_back
from xrayscan.runtime.interface import CELLS, FEATURES, LOGITS

OPSET = 18  # of ONNX: the first whose ScatterElements adds, which equalisation needs


class TorchProgram:
    """A network of torch on the CPU, in the forms that runtimes take."""

    def __init__(
        self, network: nn.Module, spec: InputSpec, layers: tuple[str, ...], summed: "Summed | None" = None
    ) -> None:
        """``layers`` are the submodules whose outputs, averaged over places, are outputs of their own; so are the cells
        of ``summed``."""
        self._network, self._spec, self._layers, self._summed = network, spec, layers, summed
        self.outputs = (LOGITS, *(FEATURES + name for name in layers))
        if summed:
            self.outputs += (f"{CELLS}{summed.offset:g}",)

    def module(self) -> "PixelsToLogits":
        """The network, its normalisation in front: pixels (B, S, S) uint8 → a tuple of the outputs."""
        return PixelsToLogits(self._network, self._spec, self._layers, self._summed).eval()

    @functools.cached_property
    def _graph(self) -> bytes:
        written = io.BytesIO()
        module = self.module()
        example = torch.zeros((2, module.side, module.side), dtype=torch.uint8)
        names = ["pixels", *self.outputs]
        try:
            with torch.no_grad(), warnings.catch_warnings(), stdout_held_back():  # a graph that fails is printed
                warnings.simplefilter("ignore")  # what is noted of shapes, and that this exporter is the older one
                torch.onnx.export(
                    module,
                    (example,),
                    written,  # type: ignore[arg-type]  # a file will do
                    dynamo=False,  # the other one takes ten times as long, and another package
                    opset_version=OPSET,
                    input_names=names[:1],
                    output_names=names[1:],
                    dynamic_axes={name: {0: "films"} for name in names},
                )
        except Exception as error:
            first = next(iter(str(error).splitlines()), "").partition(". ")[0]  # without whom to ask for support
            raise ModelError(f"this network cannot be written as ONNX ({type(error).__name__}: {first})") from error
        return written.getvalue()

    def onnx(self) -> bytes:
        """The network as an ONNX graph, its normalisation in front. Raises: ModelError for one that ONNX cannot say."""
        return self._graph


class Summed(NamedTuple):
    """A layer whose mean over places a linear layer turns into the logit: each place has its own part in the sum."""

    layer: str
    head: str
    offset: float  # as that of `HeatmapLayer`


class PixelsToLogits(nn.Module):
    """Pixels (B, S, S) uint8 → raw logits (B,) and, of each layer named, its output averaged over places (B, C).

    With ``summed`` also how much each of its cells raised the logit (B, h, w), as gradients would tell.
    Source: Zhou et al., "Learning deep features for discriminative localization", CVPR 2016; a channel counts only
    where it speaks for the positive label, as in LayerCAM.
    """

    def __init__(self, network: nn.Module, spec: InputSpec, layers: tuple[str, ...], summed: Summed | None) -> None:
        super().__init__()
        self.network, self.side = copy.deepcopy(network).float().cpu(), spec.side
        self._spec, self._layers, self._summed = spec, layers, summed
        self._found: dict[str, torch.Tensor] = {}
        for name in dict.fromkeys((*layers, *([summed.layer] if summed else ()))):
            self.network.get_submodule(name).register_forward_hook(functools.partial(self._keep, name))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Normalise and compute."""
        logits = self.network(normalise(pixels.unsqueeze(1).float() / 255, self._spec)).flatten().float()
        outputs = [logits, *(self._found[name].flatten(2).mean(2) for name in self._layers)]
        if self._summed:
            outputs.append(self._cells(self._found[self._summed.layer], self._summed.head))
        self._found.clear()  # activations of a batch, which nobody needs any more
        return tuple(outputs)

    def _cells(self, features: torch.Tensor, head: str) -> torch.Tensor:
        weights = self.network.get_parameter(f"{head}.weight").view(1, -1, 1, 1)
        places = features.shape[2] * features.shape[3]
        return torch.relu(features * weights).sum(1) / places

    def _keep(self, name: str, module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        self._found[name] = output.float()

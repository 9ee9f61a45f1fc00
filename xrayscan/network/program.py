"""A network with its normalisation as one module, as other runtimes take it: traced, or as an ONNX graph."""

import copy
import functools
import io
import warnings
from typing import Any

import torch
from torch import nn

from xrayscan.errors import ModelError
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.normalise import normalise
from xrayscan.runtime.interface import FEATURES, LOGITS

OPSET = 18  # of ONNX: the first whose ScatterElements adds, which equalisation needs


class TorchProgram:
    """A network of torch on the CPU, in the forms that runtimes take."""

    def __init__(self, network: nn.Module, spec: InputSpec, layers: tuple[str, ...]) -> None:
        """``layers`` are the submodules whose outputs, averaged over places, are outputs of their own."""
        self._network, self._spec, self._layers = network, spec, layers
        self.outputs = (LOGITS, *(FEATURES + name for name in layers))

    def module(self) -> "PixelsToLogits":
        """The network, its normalisation in front: pixels (B, S, S) uint8 → a tuple of the outputs."""
        return PixelsToLogits(self._network, self._spec, self._layers).eval()

    @functools.cached_property
    def _graph(self) -> bytes:
        written = io.BytesIO()
        module = self.module()
        example = torch.zeros((2, module.side, module.side), dtype=torch.uint8)
        names = ["pixels", *self.outputs]
        try:
            with torch.no_grad(), warnings.catch_warnings():
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
            first = next(iter(str(error).splitlines()), "")
            raise ModelError(f"this network cannot be written as ONNX ({type(error).__name__}: {first})") from error
        return written.getvalue()

    def onnx(self) -> bytes:
        """The network as an ONNX graph, its normalisation in front. Raises: ModelError for one that ONNX cannot say."""
        return self._graph


class PixelsToLogits(nn.Module):
    """Pixels (B, S, S) uint8 → raw logits (B,) and, of each layer named, its output averaged over places (B, C)."""

    def __init__(self, network: nn.Module, spec: InputSpec, layers: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.side = copy.deepcopy(network).float().cpu(), spec.side
        self._spec, self._layers = spec, layers
        self._found: dict[str, torch.Tensor] = {}
        for name in layers:
            self.network.get_submodule(name).register_forward_hook(functools.partial(self._keep, name))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Normalise and compute."""
        logits = self.network(normalise(pixels.unsqueeze(1).float() / 255, self._spec)).flatten().float()
        return (logits, *(self._found.pop(name) for name in self._layers))

    def _keep(self, name: str, module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        self._found[name] = output.float().flatten(2).mean(2)

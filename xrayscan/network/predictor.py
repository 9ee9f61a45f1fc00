"""A network on its device: pixels in, raw logits out."""

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from xrayscan.errors import ModelError
from xrayscan.model.backend import Pixels, Placement, Tensors
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.attribution import Attribution, offset_of
from xrayscan.network.forward import placed, predicted
from xrayscan.network.program import Summed, TorchProgram
from xrayscan.plugin.manager import load_registry
from xrayscan.runtime.predictor import CompiledPredictor

STYLE_DEPTHS = (0.0, 0.2, 0.5)  # of a network's convolutions


def refuse_misfits(build: Callable[[Any], nn.Module], params: Any, tensors: Tensors) -> None:
    """Compare tensors with the network's own, by name, type and shape, before it takes up any memory.

    Raises: ModelError that names the first that differs. A network that cannot be built without memory is left to
    `TorchPredictor`.
    """
    try:
        with torch.device("meta"), _Undrawn():
            own = build(params).state_dict()
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return
    if odd := sorted(own.keys() ^ tensors.keys()):
        raise ModelError(f"the weights do not fit the network: {odd[0]} is {'missing' if odd[0] in own else 'foreign'}")
    for name, tensor in own.items():
        wanted, given = tuple(tensor.shape), tensors[name].shape
        if wanted != given and (wanted, given) != ((), (1,)):  # as the first model files kept single numbers
            raise ModelError(f"the weights do not fit the network: {name} has shape {given}, not {wanted}")
        if (kind := str(tensor.dtype).removeprefix("torch.")) != tensors[name].dtype.name:
            raise ModelError(f"the weights do not fit the network: {name} is {tensors[name].dtype.name}, not {kind}")


class _Undrawn(TorchFunctionMode):
    """Leaves out first weights: drawing them for tensors without memory would import torch's compiler, a second."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if getattr(func, "__name__", "") in ("normal_", "uniform_", "erfinv_", "trunc_normal_"):
            return args[0] if args else named["tensor"]
        return func(*args, **named)


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
        gate_layers: tuple[str, ...] = (),
        linear_head: str | None = None,
    ) -> None:
        """``layer`` names the submodule that `features` reads, ``heatmap_layers`` those of `attributions`.

        ``gate_layers`` are those that a gate reads; none: all of the others. ``linear_head`` names the linear layer
        that makes the logit of the mean over places of the one heatmap layer, where one does.
        """
        try:
            network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()})
        except RuntimeError as error:
            raise ModelError(f"the weights do not fit the network: {str(error).splitlines()[-1].strip()}") from error
        self.network = placed(network.eval(), placement)
        self.spec = spec
        self.placement = placement
        self.layer = layer
        self.heatmap_layers, self._linear_head = heatmap_layers, linear_head
        self.gate_layers = gate_layers or tuple(dict.fromkeys((*heatmap_layers, *([layer] if layer else ()))))

    def predict(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → raw logits (B,) float32."""
        return predicted(self.network, pixels, self.spec, self.placement)

    def features(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → what the last layer with places says of each film, averaged over them: (B, C).

        Raises: ModelError if the backend names no such layer.
        """
        if self.layer is None:
            raise ModelError("this network declares no layer whose features could be used")
        return self.predict_with_features(pixels, (self.layer,))[1]

    def predict_with_features(
        self, pixels: Pixels, layers: tuple[str, ...]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Pixels (B, S, S) uint8 → raw logits (B,), and what layers say of each film, averaged over places: (B, C).

        Raises: ModelError if the network has no such layer.
        """
        found: dict[str, torch.Tensor] = {}
        try:
            modules = [self.network.get_submodule(name) for name in layers]
        except AttributeError as error:
            raise ModelError(f"the network has no layer that a gate asks for: {error}") from error
        hooks = [
            module.register_forward_hook(functools.partial(_keep, found, name, threading.get_ident()))
            for name, module in zip(layers, modules, strict=True)
        ]
        try:
            logits = self.predict(pixels)
        finally:
            for hook in hooks:
                hook.remove()
        return logits, torch.cat([found[name] for name in layers], 1).cpu().numpy()

    @property
    def program(self) -> TorchProgram:
        """The network as other runtimes take it, with all layers that a gate or a comparison may ask for."""
        read = (*self.gate_layers, *([self.layer] if self.layer else ()))
        return TorchProgram(self.network, self.spec, tuple(dict.fromkeys(read)), self._summed())

    def _summed(self) -> Summed | None:
        if not self._linear_head:
            return None
        (layer,) = self.heatmap_layers
        return Summed(layer, self._linear_head, offset_of(self.network, layer, self.spec, self.placement.device))

    @property
    def style_layers(self) -> tuple[str, ...]:
        """Early and middle convolutions, at `STYLE_DEPTHS`: what tells how a film looks. None in a network without.

        The first one is left out: it is linear, so that its mean over places tells of brightness alone.
        """
        names = [name for name, module in self.network.named_modules() if isinstance(module, nn.Conv2d)][1:]
        return tuple(dict.fromkeys(names[int(depth * len(names))] for depth in STYLE_DEPTHS)) if names else ()

    @property
    def attributions(self) -> list[Attribution]:
        """What can be asked where a score came from: one for each of the heatmap's layers, the finest first."""
        return [Attribution(self.network, layer, self.spec, self.placement) for layer in self.heatmap_layers]


def compiled(loaded: TorchPredictor, placement: Placement) -> CompiledPredictor:
    """Have a network computed by the runtime of a placement. Raises: UsageError for an unknown one; as it does."""
    program, runtime = loaded.program, load_registry().runtime(placement.runtime)
    ready = runtime.compile(program, placement)
    return CompiledPredictor(ready, loaded.layer, loaded.gate_layers, program.onnx() if runtime.graphs else b"")


def _keep(
    found: dict[str, torch.Tensor], name: str, thread: int, module: nn.Module, inputs: Any, output: torch.Tensor
) -> None:
    """Note a layer's output, averaged over places, unless it is of films that another thread asked about."""
    if threading.get_ident() == thread:
        found[name] = output.float().flatten(2).mean(2)

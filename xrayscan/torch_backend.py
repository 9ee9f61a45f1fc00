"""What a network backend declares. Nothing here imports torch: the loops that do are imported when they run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xrayscan.backend import Films, FitSettings, Placement, Predictor, Tensors
from xrayscan.card import InputSpec

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class TorchBackend:
    """A backend that is a torch network: declare its parameters, its input and how to build it; the rest is shared.

    ``params`` is a frozen dataclass; ``spec(params)`` says which pixels the network takes; ``build(params)`` returns
    an ``nn.Module`` that maps normalised images (B, C, S, S) float32 to logits (B, 1) or (B,). Import torch inside
    ``build``. ``heatmap_layer`` names the submodule whose activations show where the finding was seen.
    """

    name: str
    params: type[Any]
    spec: Callable[[Any], InputSpec]
    build: "Callable[[Any], nn.Module]"
    summary: str = ""
    heatmap_layer: str | None = None

    def fit(self, params: Any, spec: InputSpec, train: Films, validation: Films, settings: FitSettings) -> Tensors:
        """Train the network. Deterministic on a CPU for one thread count: order and augmentation follow the seed."""
        import torch

        from xrayscan.torch_loops import fit

        torch.manual_seed(settings.seed)  # the initial weights
        return fit(self.build(params), spec, train, validation, settings)

    def load(self, params: Any, spec: InputSpec, tensors: Tensors, placement: Placement) -> Predictor:
        """Rebuild the network with its weights on a device."""
        from xrayscan.torch_loops import TorchPredictor

        return TorchPredictor(self.build(params), spec, tensors, placement)

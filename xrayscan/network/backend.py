"""What a network backend declares. Nothing here imports torch: the loops that do are imported when they run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from xrayscan.errors import ModelError
from xrayscan.model.backend import Films, FitSettings, Placement, Predictor, Tensors
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.pretrained import WeightSource
from xrayscan.runtime.interface import EAGER

if TYPE_CHECKING:
    from torch import nn

Layers = str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class TorchBackend:
    """A backend that is a torch network: declare its parameters, its input and how to build it; the rest is shared.

    ``params`` is a frozen dataclass; ``spec(params)`` says which pixels the network takes; ``build(params)`` returns
    an ``nn.Module`` that maps normalised images (B, C, S, S) float32 to logits (B, 1) or (B,). Import torch inside
    ``build``. ``heatmap_layer`` names the submodule whose activations show where in the film the score came from, or
    several, the finest first (or is a function of the parameters that does); ``features_layer`` the one whose mean over
    places stands for a film, where that is not the last of them; ``gate_layers`` those that a gate reads, where they
    are not those of the heatmap; ``linear_head`` the ``nn.Linear`` that makes the logit of the mean over places of the
    one heatmap layer, where one does: every runtime then makes heatmaps, and without gradients.

    For networks that are adapted rather than trained from scratch: ``pretrain(network, params, source)`` fills a new
    network with the weights of a `WeightSource`, and ``learning(network, params)`` returns what of it learns, as lists
    of parameters with their share of the learning rate; what it leaves out stays as it is. ``recipe`` and
    ``starts_with`` say how it is trained unless asked otherwise: values of `TrainingParams`, and first weights.
    """

    name: str
    params: type[Any]
    spec: Callable[[Any], InputSpec]
    build: "Callable[[Any], nn.Module]"
    summary: str = ""
    heatmap_layer: Layers | Callable[[Any], Layers] = None
    features_layer: str | Callable[[Any], str | None] | None = None  # None: the heatmap's last
    gate_layers: tuple[str, ...] = ()
    linear_head: str | None = None
    pretrain: "Callable[[nn.Module, Any, WeightSource], None] | None" = None
    learning: "Callable[[nn.Module, Any], Sequence[tuple[list[nn.Parameter], float]]] | None" = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    starts_with: str = "none"

    takes_runtimes: ClassVar[bool] = True
    takes_devices: ClassVar[bool] = True

    @property
    def takes_weights(self) -> bool:
        """Whether it can start from weights of others."""
        return self.pretrain is not None

    def fit(self, params: Any, spec: InputSpec, train: Films, validation: Films, settings: FitSettings) -> Tensors:
        """Train the network. Deterministic on a CPU for one thread count: order and augmentation follow the seed.

        Raises: ModelError for ``settings.weights`` that cannot be had, or do not fit.
        """
        from xrayscan.network.fit.loop import fit
        from xrayscan.network.forward import refuse_misshapen

        network = self._started(params, settings)
        refuse_misshapen(network, spec, self.name)
        groups = self.learning(network, params) if self.learning else None
        return fit(network, spec, train, validation, settings, groups)

    def start(self, params: Any, settings: FitSettings) -> Tensors:
        """The weights that training would start with: random ones of the seed, or those of ``settings.weights``."""
        state = self._started(params, settings).state_dict()
        return {name: tensor.numpy() for name, tensor in state.items()}

    def _started(self, params: Any, settings: FitSettings) -> "nn.Module":
        import torch

        torch.manual_seed(settings.seed)
        network = self.build(params)
        if self.pretrain:
            self.pretrain(network, params, WeightSource(settings.weights or "none"))
        return network

    def load(self, params: Any, spec: InputSpec, tensors: Tensors, placement: Placement) -> Predictor:
        """Rebuild the network with its weights on a device. Raises: ModelError if they, or the pixels, do not fit."""
        from xrayscan.network.predictor import TorchPredictor, compiled, refuse_misfits

        own = self.spec(params)
        if (spec.side, spec.channels) != (own.side, own.channels):
            raise ModelError(
                f"an input of {spec.channels} x {spec.side} x {spec.side} does not fit backend {self.name}, which "
                f"takes {own.channels} x {own.side} x {own.side} with these parameters"
            )
        refuse_misfits(self.build, params, tensors)
        heatmap = self.heatmap_layer(params) if callable(self.heatmap_layer) else self.heatmap_layer
        features = self.features_layer(params) if callable(self.features_layer) else self.features_layer
        layers = (heatmap,) if isinstance(heatmap, str) else heatmap or ()
        features = features or next(reversed(layers), None)
        loaded = TorchPredictor(
            self.build(params), spec, tensors, placement, features, layers, self.gate_layers, self.linear_head
        )
        return loaded if placement.runtime == EAGER else compiled(loaded, placement)

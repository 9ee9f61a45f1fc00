"""The built-in CNN: a small residual network for one-channel radiographs, or any sequential network as a layer list."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from xrayscan.model.input_spec import InputSpec
from xrayscan.network.architectures.layer_list import planned_layers
from xrayscan.network.backend import TorchBackend
from xrayscan.plugin.spec import hookimpl

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class CnnParams:
    """The network and its input. The defaults give a residual network of 2.8 million weights.

    With ``layers``, the network is that list instead, and ``width``, ``blocks`` and ``dropout`` say nothing.
    """

    side: int = field(default=128, metadata={"range": (32, 1024)})  # pixels
    channels: Literal[1, 3] = 1  # 3 repeats the grey film
    normalise: Literal["blend", "per_image", "equalise", "unit"] = "blend"  # unit: brightness as it is, in [0, 1]
    width: int = field(
        default=32, metadata={"range": (4, 256), "tune": [16, 32, 48]}
    )  # channels of the first stage; each later stage doubles it
    blocks: int = field(default=2, metadata={"range": (1, 8)})  # residual blocks in each of the four stages
    dropout: float = field(
        default=0.2, metadata={"range": (0, 1), "open": (False, True), "tune": (0.0, 0.5)}
    )  # share of values dropped before the last layer
    layers: tuple[str, ...] = ()  # such as conv 32, pool, dropout 0.25, flatten, dense 128 swish

    def __post_init__(self) -> None:
        if self.layers:
            planned_layers(self.layers, self.side, self.channels)


def spec(params: CnnParams) -> InputSpec:
    """Squashed to a square; by default contrast is the film's own, half of it freed from the display curve."""
    if params.normalise == "unit":
        return InputSpec(params.side, params.channels, normalise="fixed", mean=(0.0,), std=(1.0,))
    return InputSpec(params.side, params.channels, normalise=params.normalise)


def build(params: CnnParams) -> "nn.Module":
    """Return the network: images (B, C, S, S) → logits (B, 1)."""
    if params.layers:
        from xrayscan.network.architectures.sequential import sequential

        return sequential(planned_layers(params.layers, params.side, params.channels))
    from xrayscan.network.architectures.residual import ResidualNetwork

    return ResidualNetwork(params.width, params.blocks, params.dropout, params.channels)


def heatmap_layer(params: CnnParams) -> str | tuple[str, ...] | None:
    """The two last stages: at 128 px the third has 8 x 8 cells, the fourth 4 x 4 and the clearer opinion.

    Measured with benchmarks/heatmaps.py: together they find a blended opacity more often than either alone.
    """
    return features_layer(params) if params.layers else ("stage3", "stage4")


def features_layer(params: CnnParams) -> str | None:
    """The last layer that still has places: the last stage, or the list's last convolution."""
    if not params.layers:
        return "stage4"
    kinds = [layer.kind for layer in planned_layers(params.layers, params.side, params.channels)]
    return f"conv{len(kinds) - kinds[::-1].index('conv')}" if "conv" in kinds else None


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``cnn``."""
    summary = "residual CNN for grey films, or any list of layers, from scratch"
    register(TorchBackend("cnn", CnnParams, spec, build, summary, heatmap_layer, features_layer))

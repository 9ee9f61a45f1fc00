"""The built-in CNN: a small residual network for one-channel radiographs, trained from scratch."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xrayscan.card import InputSpec
from xrayscan.errors import ModelError
from xrayscan.hookspecs import hookimpl
from xrayscan.torch_backend import TorchBackend

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class CnnParams:
    """Size of the network. The defaults give 2.8 million parameters."""

    side: int = 128  # pixels
    # Channels of the first stage; each later stage doubles it.
    width: int = field(default=32, metadata={"tune": [16, 32, 48]})
    blocks: int = 2  # residual blocks in each of the four stages
    dropout: float = field(default=0.2, metadata={"tune": (0.0, 0.5)})  # before the last layer

    def __post_init__(self) -> None:
        if not (32 <= self.side <= 1024 and 4 <= self.width <= 256 and 1 <= self.blocks <= 8 and 0 <= self.dropout < 1):
            raise ModelError("cnn takes side 32-1024, width 4-256, blocks 1-8 and dropout from 0 to below 1")


def spec(params: CnnParams) -> InputSpec:
    """One channel, squashed to a square; contrast is the film's own, half of it freed from the display curve."""
    return InputSpec(side=params.side, normalise="blend")


def build(params: CnnParams) -> "nn.Module":
    """Return the network: images (B, 1, S, S) → logits (B, 1)."""
    from xrayscan.builtin.residual import ResidualNetwork

    return ResidualNetwork(params.width, params.blocks, params.dropout)


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``cnn``."""
    register(TorchBackend("cnn", CnnParams, spec, build, "residual CNN for grey films, from scratch", "stage4"))

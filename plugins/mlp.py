"""A multi-layer perceptron on flattened pixels: the network without any idea of a picture."""

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from xrayscan import InputSpec, TorchBackend, hookimpl

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MlpParams:
    """What can be set with --set."""

    side: int = field(default=64, metadata={"range": (8, 256)})  # pixels
    normalise: Literal["per_image", "equalise", "blend", "unit"] = "per_image"  # unit: brightness as it is, in [0, 1]
    widths: tuple[int, ...] = field(default=(256, 64), metadata={"range": (1, 8192)})  # of the hidden layers
    dropout: float = field(
        default=0.2, metadata={"range": (0, 1), "open": (False, True), "tune": (0.0, 0.6)}
    )  # share of values dropped after each hidden layer


def spec(params: MlpParams) -> InputSpec:
    """One grey channel, by default standardised film by film."""
    if params.normalise == "unit":
        return InputSpec(params.side, normalise="fixed", mean=(0.0,), std=(1.0,))
    return InputSpec(params.side, normalise=params.normalise)


def build(params: MlpParams) -> "nn.Module":
    """Return the network: images (B, 1, S, S) → logits (B, 1)."""
    from torch import nn

    sizes = (params.side**2, *params.widths)
    hidden = [
        part
        for before, after in itertools.pairwise(sizes)
        for part in (nn.Linear(before, after), nn.ReLU(), nn.Dropout(params.dropout))
    ]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], 1))


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``mlp``."""
    register(TorchBackend("mlp", MlpParams, spec, build, "dense layers on flattened pixels: a baseline"))

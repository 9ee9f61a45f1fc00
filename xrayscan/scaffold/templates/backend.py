"""A backend: one convolution, trained by xrayscan's own loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xrayscan import Backend, InputSpec, TorchBackend, hookimpl


@dataclass(frozen=True)
class MyPluginParams:
    """What ``--set`` takes, such as ``--set width=32``."""

    side: int = 64  # pixels
    width: int = 16  # channels


def spec(params: MyPluginParams) -> InputSpec:
    """The pixels that the network takes."""
    return InputSpec(side=params.side, normalise="per_image")


def build(params: MyPluginParams) -> Any:
    """Return a network of torch: pixels (B, 1, S, S) → logits (B, 1)."""
    from torch import nn  # inside the function: plugins are also loaded where torch is not needed

    return nn.Sequential(
        nn.Conv2d(1, params.width, 5, stride=4, padding=2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(16 * params.width, 1),
    )


@hookimpl
def register_backends(register: Callable[[Backend], None]) -> None:
    """Offer the backend."""
    register(TorchBackend("my-plugin", MyPluginParams, spec, build, summary="one convolution"))

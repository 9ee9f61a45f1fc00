"""VGG-16 and VGG-19 from torchvision, with ImageNet's weights or from scratch, and a new head."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from xrayscan import TransferParams, hookimpl, torchvision_backend

if TYPE_CHECKING:
    from torch import nn


def base(name: str) -> "Callable[[TransferParams], nn.Module]":
    """Return what builds the network without its classifier: images (B, C, S, S) → features (B, 512, S/32, S/32)."""

    def build(params: TransferParams) -> "nn.Module":
        from torch import nn
        from torchvision.models import get_model

        convolutions = get_model(name, weights=None).features
        if params.channels == 1:
            convolutions[0] = nn.Conv2d(1, 64, 3, padding=1)
        return nn.Sequential(OrderedDict(features=convolutions))

    return build


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backends ``vgg16`` and ``vgg19``."""
    for name in ("vgg16", "vgg19"):
        register(
            torchvision_backend(
                name,
                base=base(name),
                features=lambda params: (512, params.side // 32, params.side // 32),
                first="features.0.weight",
                classifier="classifier",
                heatmap_layer="features",
            )
        )

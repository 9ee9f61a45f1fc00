"""VGG-16 and VGG-19 from torchvision, with ImageNet's weights or from scratch, and a new head."""

import functools
from collections import OrderedDict
from typing import TYPE_CHECKING

from xrayscan import (
    TorchBackend,
    TransferParams,
    WeightSource,
    adapted,
    hookimpl,
    imagenet_spec,
    learning_groups,
    torchvision_state,
)

if TYPE_CHECKING:
    from torch import nn

DEPTHS = (16, 19)


def build(depth: int, params: TransferParams) -> "nn.Module":
    """Return the network: images (B, C, S, S) → logits (B, 1)."""
    from torch import nn
    from torchvision import models

    features = getattr(models, f"vgg{depth}")(weights=None).features
    if params.channels == 1:
        features[0] = nn.Conv2d(1, 64, 3, padding=1)
    side = params.side // 32
    return adapted(nn.Sequential(OrderedDict(features=features)), params, (512, side, side))


def pretrain(depth: int, network: "nn.Module", params: TransferParams, source: WeightSource) -> None:
    """Fill the base with torchvision's weights, or those of a file in torchvision's layout."""
    from torchvision import models

    published = getattr(models, f"VGG{depth}_Weights").IMAGENET1K_V1
    source.fill(
        network.get_submodule("base"),
        published=lambda: torchvision_state(published),
        head=("classifier.",),
        first="features.0.weight",
    )


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backends ``vgg16`` and ``vgg19``."""
    for depth in DEPTHS:
        register(
            TorchBackend(
                f"vgg{depth}",
                TransferParams,
                imagenet_spec,
                functools.partial(build, depth),
                f"torchvision's VGG-{depth}, adapted or from scratch",
                heatmap_layer="base.features",
                pretrain=functools.partial(pretrain, depth),
                learning=learning_groups,
            )
        )

"""ResNet-18, -34 and -50 from torchvision, with ImageNet's weights or from scratch, and a new head."""

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

DEPTHS = (18, 34, 50)
FEATURES = {18: 512, 34: 512, 50: 2048}  # channels of the last stage


def build(depth: int, params: TransferParams) -> "nn.Module":
    """Return the network: images (B, C, S, S) → logits (B, 1)."""
    from torch import nn
    from torchvision import models

    network = getattr(models, f"resnet{depth}")(weights=None)
    if params.channels == 1:
        network.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    parts = OrderedDict((name, part) for name, part in network.named_children() if name not in ("avgpool", "fc"))
    side = -(-params.side // 32)
    return adapted(nn.Sequential(parts), params, (FEATURES[depth], side, side))


def pretrain(depth: int, network: "nn.Module", params: TransferParams, source: WeightSource) -> None:
    """Fill the base with torchvision's weights, or those of a file in torchvision's layout."""
    from torchvision import models

    published = getattr(models, f"ResNet{depth}_Weights").IMAGENET1K_V1
    source.fill(
        network.get_submodule("base"),
        published=lambda: torchvision_state(published),
        head=("fc.",),
        first="conv1.weight",
    )


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backends ``resnet18``, ``resnet34`` and ``resnet50``."""
    for depth in DEPTHS:
        register(
            TorchBackend(
                f"resnet{depth}",
                TransferParams,
                imagenet_spec,
                functools.partial(build, depth),
                f"torchvision's ResNet-{depth}, adapted or from scratch",
                heatmap_layer="base.layer4",
                pretrain=functools.partial(pretrain, depth),
                learning=learning_groups,
            )
        )

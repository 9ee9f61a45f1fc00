"""ResNet-18, -34 and -50 from torchvision, with ImageNet's weights or from scratch, and a new head."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from xrayscan import TransferParams, hookimpl, torchvision_backend

if TYPE_CHECKING:
    from torch import nn

CHANNELS = {"resnet18": 512, "resnet34": 512, "resnet50": 2048}  # of the last stage


def base(name: str) -> "Callable[[TransferParams], nn.Module]":
    """Return what builds the network without its classifier: images (B, C, S, S) → features (B, F, S/32, S/32)."""

    def build(params: TransferParams) -> "nn.Module":
        from torch import nn
        from torchvision.models import get_model

        network = get_model(name, weights=None)
        if params.channels == 1:
            network.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
        kept = ((part, module) for part, module in network.named_children() if part not in ("avgpool", "fc"))
        return nn.Sequential(OrderedDict(kept))

    return build


def features(name: str) -> Callable[[TransferParams], tuple[int, int, int]]:
    """Return what tells the shape of one film's features."""
    return lambda params: (CHANNELS[name], -(-params.side // 32), -(-params.side // 32))


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backends ``resnet18``, ``resnet34`` and ``resnet50``."""
    for name in CHANNELS:
        register(
            torchvision_backend(
                name,
                base=base(name),
                features=features(name),
                first="conv1.weight",
                classifier="fc",
                heatmap_layer="layer4",
            )
        )

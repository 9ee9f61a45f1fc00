"""ResNet-18 from torchvision with a one-logit head, trained from scratch."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xrayscan import InputSpec, TorchBackend, hookimpl

if TYPE_CHECKING:
    from torch import nn

# Of ImageNet's training images. Source: torchvision, references/classification.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ResNetParams:
    """What can be set with --set."""

    side: int = 224  # pixels
    dropout: float = field(default=0.2, metadata={"tune": (0.0, 0.5)})  # before the last layer


def spec(params: ResNetParams) -> InputSpec:
    """Three equal channels, normalised as for ImageNet."""
    return InputSpec(params.side, channels=3, normalise="fixed", mean=IMAGENET_MEAN, std=IMAGENET_STD)


def build_resnet18(params: ResNetParams) -> "nn.Module":
    """Return the network: images (B, 3, S, S) → logits (B, 1)."""
    from torch import nn
    from torchvision.models import resnet18

    network: nn.Module = resnet18(weights=None)
    network.fc = nn.Sequential(nn.Dropout(params.dropout), nn.Linear(512, 1))
    return network


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``resnet18``."""
    register(TorchBackend("resnet18", ResNetParams, spec, build_resnet18, "torchvision's ResNet-18", "layer4"))

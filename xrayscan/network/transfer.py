"""Adapting a pretrained network: a base that was trained on other pictures, a new head, and what of both learns."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from xrayscan.model.input_spec import InputSpec
from xrayscan.network.backend import TorchBackend
from xrayscan.network.pretrained import WeightSource, torchvision_state

if TYPE_CHECKING:
    from torch import nn

    Group = tuple[list[nn.Parameter], float]  # what learns together, at this share of the learning rate

# Of ImageNet's training images. Source: torchvision, references/classification.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class TransferParams:
    """What can be set of any network that is adapted."""

    side: int = field(default=224, metadata={"range": (32, 1024)})  # pixels
    channels: Literal[1, 3] = 3  # 3 repeats the grey film; 1 sums the first layer's weights, and is a little faster
    widths: tuple[int, ...] = field(
        default=(), metadata={"range": (1, 65536)}
    )  # of dense layers between the base and the logit
    dropout: float = field(
        default=0.2, metadata={"range": (0, 1), "open": (False, True), "tune": (0.0, 0.6)}
    )  # share of values dropped before every dense layer
    pool: Literal["mean", "flatten"] = "mean"  # how the base's last pictures become numbers
    unfreeze: int = field(
        default=-1, metadata={"range": (-1, None)}
    )  # layers of the base that learn, counted from its end; 0: none, -1: all
    base_rate: float = field(
        default=0.1, metadata={"range": (0, 1), "open": (True, False)}
    )  # learning rate of the first layer that learns, against the head's; between, it rises evenly


def imagenet_spec(params: TransferParams) -> InputSpec:
    """The pixels of networks trained on ImageNet: squashed to a square, with ImageNet's mean and deviation."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    if params.channels == 1:
        mean, std = (sum(mean) / 3,), (sum(std) / 3,)
    return InputSpec(params.side, channels=params.channels, normalise="fixed", mean=mean, std=std)


def adapted(base: "nn.Module", params: TransferParams, features: Sequence[int]) -> "nn.Sequential":
    """Put a new head on a base: images (B, C, S, S) → logits (B, 1); the parts are called ``base`` and ``head``.

    ``features`` is the shape of what the base makes of one film: (C,) or (C, H, W).
    """
    from torch import nn

    parts: list[nn.Module] = []
    if len(features) == 3:
        parts = [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if params.pool == "mean" else [nn.Flatten()]
    size = features[0] if len(features) == 1 or params.pool == "mean" else features[0] * features[1] * features[2]
    for width in params.widths:
        parts += [nn.Dropout(params.dropout), nn.Linear(size, width), nn.ReLU()]
        size = width
    parts += [nn.Dropout(params.dropout), nn.Linear(size, 1)]
    return nn.Sequential(OrderedDict(base=base, head=nn.Sequential(*parts)))


def torchvision_backend(
    name: str,
    *,
    base: "Callable[[TransferParams], nn.Module]",
    features: Callable[[TransferParams], Sequence[int]],
    first: str,
    classifier: str,
    heatmap_layer: str,
) -> TorchBackend:
    """A backend that adapts a network of torchvision, with the weights it publishes under IMAGENET1K_V1.

    ``base`` builds the network without its classifier, its parts named as torchvision names them; ``features`` is the
    shape of what it makes of one film; ``first`` names the first layer's weight, ``classifier`` what the published
    weights hold beyond the base, ``heatmap_layer`` the base's last part that knows places.
    """

    def build(params: TransferParams) -> "nn.Module":
        return adapted(base(params), params, features(params))

    def pretrain(network: Any, params: TransferParams, source: WeightSource) -> None:
        from torchvision.models import get_model_weights

        published = get_model_weights(name)["IMAGENET1K_V1"]
        source.fill(network.base, published=lambda: torchvision_state(published), head=(f"{classifier}.",), first=first)

    return TorchBackend(
        name,
        TransferParams,
        imagenet_spec,
        build,
        f"torchvision's {name}, adapted or from scratch",
        heatmap_layer=f"base.{heatmap_layer}",
        pretrain=pretrain,
        learning=learning_groups,
    )


def learning_groups(network: Any, params: TransferParams) -> "list[Group]":
    """Choose what learns of an `adapted` network, and how fast: the head at the full rate, and the base's last layers.

    A layer is a convolution, dense or attention weight with the norms that follow it. Rates rise from ``base_rate`` at
    the first layer that learns to 1 at the head, by equal factors ("discriminative fine-tuning").
    Source: Howard, Ruder, "Universal language model fine-tuning for text classification", ACL 2018, section 3.2.
    """
    layers = _layers(network.base)
    count = len(layers) if params.unfreeze < 0 else min(params.unfreeze, len(layers))
    groups = [
        (parameters, params.base_rate ** (1 - place / count))
        for place, parameters in enumerate(layers[len(layers) - count :])
    ]
    return [*groups, (list(network.head.parameters()), 1.0)]


def _layers(base: "nn.Module") -> "list[list[nn.Parameter]]":
    """The base's parameters in the order declared, from one matrix of weights to the next."""
    layers: list[list[nn.Parameter]] = []
    for module in base.modules():
        own = list(module.parameters(recurse=False))
        if own and (not layers or any(parameter.ndim > 1 for parameter in own)):
            layers.append([])
        if own:
            layers[-1] += own
    return layers

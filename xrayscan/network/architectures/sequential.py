"""The network that a layer list describes."""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from xrayscan.network.architectures.layer_list import Layer

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "swish": nn.SiLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "linear": nn.Identity,
}


def sequential(layers: Sequence[Layer]) -> nn.Sequential:
    """Build the network: images (B, C, S, S) → logits (B, 1). Its parts are named ``conv1``, ``pool2``, … by place."""
    named = [(f"{layer.kind}{place}", _module(layer)) for place, layer in enumerate(layers, 1)]
    return nn.Sequential(OrderedDict(named))


def _module(layer: Layer) -> nn.Module:
    if layer.kind == "conv":
        options = layer.options
        convolution = nn.Conv2d(
            layer.before.channels,
            layer.after.channels,
            options["kernel"],
            options["stride"],
            layer.padding,
            options["dilation"],
        )
        return nn.Sequential(convolution, ACTIVATIONS[layer.activation]())
    if layer.kind == "dense":
        return nn.Sequential(nn.Linear(layer.before.size, layer.after.channels), ACTIVATIONS[layer.activation]())
    if layer.kind == "pool":
        window = int(layer.number or 2)
        kind = nn.AvgPool2d if "mean" in layer.words else nn.MaxPool2d
        return kind(window, layer.options["stride"] or window)
    if layer.kind == "norm":
        flat = layer.before.side is None
        return (nn.BatchNorm1d if flat else nn.BatchNorm2d)(layer.before.channels)
    if layer.kind == "dropout":
        return nn.Dropout(float(layer.number or 0))
    return nn.Flatten() if layer.kind == "flatten" else nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())

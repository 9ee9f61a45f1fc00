"""A layer list is checked, shape by shape, before a network is built; what is built has these shapes."""

import pytest

from xrayscan import ModelError
from xrayscan.network.architectures.layer_list import planned_layers

NOTEBOOK = ["conv 32", "pool", "conv 96 dilation=2", "norm", "pool", "dropout 0.25", "flatten", "dense 128 swish"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 50])
def test_a_network_has_the_shapes_that_were_planned(side, channels):
    import torch

    from xrayscan.network.architectures.sequential import sequential

    layers = planned_layers(
        [*NOTEBOOK[:6], "conv 8 kernel=5 stride=2 valid", "pool 2 mean", *NOTEBOOK[6:]], side, channels
    )
    flow = torch.zeros(2, channels, side, side)
    for layer, module in zip(layers, sequential(layers).eval(), strict=True):
        flow = module(flow)
        wanted = layer.after
        assert flow.shape[1:] == ((wanted.channels, wanted.side, wanted.side) if wanted.side else (wanted.channels,))
    assert flow.shape == (2, 1)


def test_the_planned_number_of_weights_is_the_networks():
    from xrayscan.network.architectures.sequential import sequential

    layers = planned_layers(NOTEBOOK, 32)
    assert sum(layer.weights for layer in layers) == sum(p.numel() for p in sequential(layers).parameters())


def test_the_activation_named_is_the_one_built():
    from torch import nn

    from xrayscan.network.architectures.sequential import sequential

    network = sequential(planned_layers(["conv 4 elu", "flatten", "dense 8 swish", "dense 4"], 16))
    kinds = [type(part[1]) for part in network if isinstance(part, nn.Sequential)]
    assert kinds == [nn.ELU, nn.SiLU, nn.ReLU, nn.Identity]


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        (["conv 32", "pol"], r"layer 2, 'pol': unknown kind 'pol'"),
        (["conv"], "layer 1, 'conv': conv needs a number"),
        (["conv 32 dilatoin=2"], "dilatoin=2"),
        (["conv 32 kernel=x"], "kernel='x'"),
        (["conv 2.5"], "whole number"),
        (["conv 32 kernel=4"], "even kernel"),
        (["dense 64"], "layer 1, 'dense 64': dense needs a flat input, but gets 1 x 32 x 32"),
        (["flatten", "conv 8"], "layer 2, 'conv 8': conv needs a picture"),
        (["dropout 1.5", "flatten"], "from 0 to below 1"),
        (["pool", "pool", "pool", "pool", "pool", "pool", "flatten"], "layer 6, 'pool': its input of 1 x 1 x 1"),
        (["conv 8"], "layer 2, 'dense 1 linear'"),
        (["pool swish", "flatten"], "pool does not take 'swish'"),
        (["", "flatten"], "layer 1, '': unknown kind"),
        (["conv 512", "flatten", "dense 100000"], "add pooling before it"),
    ],
)
def test_an_error_points_at_its_layer(layers, says):
    with pytest.raises(ModelError, match=says):
        planned_layers(layers, 32)

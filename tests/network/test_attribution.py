import numpy as np
import pytest
import torch
from torch import nn

from xrayscan import InputSpec, Placement
from xrayscan.network.attribution import Attribution

SPEC = InputSpec(side=32, normalise="fixed", mean=(0.0,), std=(1.0,))


def looking(*layers):
    """A network whose layer is called ``seen``, and which says how bright it is all over."""
    network = nn.Sequential()
    network.add_module("seen", nn.Sequential(*layers))
    network.add_module("rest", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    for weights in network.parameters():
        nn.init.ones_(weights)
    return Attribution(network, "seen", SPEC, Placement())


def test_the_cell_that_raised_the_logit_is_where_the_light_is():
    pixels = np.zeros((2, 32, 32), np.uint8)
    pixels[0, 4:8, 20:24] = 255  # in row 0, column 2 of 4 x 4 cells
    pixels[1, 26:30, 2:6] = 255
    maps = looking(nn.Conv2d(1, 1, 8, 8, bias=False)).maps(pixels)
    assert maps.shape == (2, 4, 4)
    assert [np.unravel_index(one.argmax(), (4, 4)) for one in maps] == [(0, 2), (3, 0)]
    assert maps.min() == 0


def test_what_speaks_against_the_positive_label_does_not_count():
    asked = looking(nn.Conv2d(1, 1, 8, 8, bias=False))
    asked._network.rest.add_module("turned", nn.Linear(1, 1))
    nn.init.constant_(asked._network.rest.turned.weight, -1)
    assert asked.maps(np.full((1, 32, 32), 200, np.uint8)).max() == 0


@pytest.mark.parametrize(
    ("layers", "offset"),
    [
        ([nn.Conv2d(1, 1, 8, 8, bias=False)], 0.0),
        ([nn.AvgPool2d(2), nn.AvgPool2d(2)], 0.0),
        ([nn.Conv2d(1, 1, 3, 2, 1, bias=False)], -0.5),
    ],
    ids=["a whole cell", "pooling", "a padded stride of two"],
)
def test_padding_with_strides_moves_where_cells_look(layers, offset):
    assert looking(*layers).offset == pytest.approx(offset)


def test_networks_are_left_as_they_were():
    asked = looking(nn.Conv2d(1, 1, 8, 8, bias=False))
    before = {name: weights.clone() for name, weights in asked._network.state_dict().items()}
    assert asked.offset == 0.0
    for name, weights in asked._network.state_dict().items():
        assert torch.equal(weights, before[name])

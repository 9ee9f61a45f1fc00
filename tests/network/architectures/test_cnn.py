import pytest
import torch

from xrayscan.network.architectures.cnn import CnnParams, build, features_layer, heatmap_layer, spec

LIST = ("conv 8", "norm", "pool", "conv 4", "flatten", "dense 8 swish")


@pytest.mark.parametrize(
    "params",
    [CnnParams(side=32, width=4, blocks=1), CnnParams(side=40, channels=3, width=4), CnnParams(side=32, layers=LIST)],
    ids=["residual", "three channels", "a list of layers"],
)
def test_images_become_one_logit_each_and_the_layers_named_are_there(params):
    network = build(params).eval()
    assert network(torch.zeros(2, params.channels, params.side, params.side)).shape == (2, 1)
    named = heatmap_layer(params)
    for name in (named, features_layer(params)) if isinstance(named, str) else (*named, features_layer(params)):
        assert network.get_submodule(name) is not None


def test_the_last_convolution_of_a_list_is_looked_at_and_a_list_without_one_has_none():
    assert features_layer(CnnParams(side=32, layers=LIST)) == "conv4"
    assert features_layer(CnnParams(side=32, layers=("flatten", "dense 8"))) is None


def test_brightness_may_be_left_as_it_is():
    wanted = spec(CnnParams(normalise="unit"))
    assert (wanted.normalise, wanted.mean, wanted.std) == ("fixed", (0.0,), (1.0,))

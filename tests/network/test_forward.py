import numpy as np
import pytest
import torch

from xrayscan import InputSpec, ModelError, Placement
from xrayscan.network.forward import images_of, predicted, refuse_misshapen

SPEC = InputSpec(side=8, normalise="fixed", mean=(0.0,), std=(1.0,))


def mean_of(channels=1):
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, 1))


def test_bytes_become_brightness_and_the_pixels_given_stay_as_they_are():
    pixels = np.array([[[0, 255], [51, 102]]], np.uint8)
    pixels.flags.writeable = False
    images = images_of(pixels, "cpu")
    assert images.shape == (1, 1, 2, 2)
    assert images.flatten().tolist() == pytest.approx([0.0, 1.0, 0.2, 0.4])
    images += 1
    assert pixels.max() == 255


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_logits_are_float32_one_for_each_film(precision):
    network = mean_of()
    torch.nn.init.ones_(network[2].weight)
    torch.nn.init.zeros_(network[2].bias)
    pixels = np.stack([np.full((8, 8), value, np.uint8) for value in (0, 51, 255)])
    logits = predicted(network, pixels, SPEC, Placement("cpu", precision))
    assert logits.dtype == np.float32
    assert logits == pytest.approx([0.0, 0.2, 1.0], abs=2e-3)


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (mean_of(3), r"'mine': its network fails on images \(2, 1, 8, 8\)"),
        (torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2)), r"into \(2, 2\), not logits"),
    ],
)
def test_a_network_of_another_shape_is_refused_in_one_sentence(network, told):
    with pytest.raises(ModelError, match=told):
        refuse_misshapen(network, SPEC, "mine")


def test_a_network_that_fits_is_not_refused():
    refuse_misshapen(mean_of(), SPEC, "mine")

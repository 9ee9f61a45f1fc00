"""A network that is not what its backend says gets one sentence, before anything is trained."""

import pytest
import torch
from torch import nn

from xrayscan import FitSettings, InputSpec, ModelError, TorchBackend
from xrayscan.network.architectures.cnn import CnnParams
from xrayscan.testing.backend import toy_films


def fit(build):
    films = toy_films(16)
    backend = TorchBackend("mine", CnnParams, lambda params: InputSpec(16), build)
    return backend.fit(CnnParams(), InputSpec(16), films, films, FitSettings())


class Pair(nn.Module):
    def forward(self, images):
        return images, images


@pytest.mark.parametrize(
    ("network", "found"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(256, 2)), r"into \(2, 2\), not logits \(2, 1\) or \(2,\)"),
        (nn.Conv2d(1, 1, 3), r"into \(2, 1, 14, 14\), not logits"),
        (Pair(), "into tuple, not logits"),
        (nn.Sequential(nn.Flatten(), nn.Linear(99, 1)), "fails on images .*mat1 and mat2"),
        (nn.Conv2d(3, 1, 3), "fails on images .*channels"),
        (nn.Linear(16, 1, dtype=torch.float64), "fails on images"),
    ],
)
def test_a_network_that_does_not_fit_is_named_with_what_is_expected(network, found):
    with pytest.raises(ModelError, match=f"^backend 'mine': its network .*{found}") as caught:
        fit(lambda params: network)
    assert "(2, 1, 16, 16)" in str(caught.value)
    assert "\n" not in str(caught.value)

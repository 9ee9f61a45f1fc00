import copy

import numpy as np
import pytest
import torch
from torch import nn

from xrayscan.model.ranks import Ranks
from xrayscan.network.fit.data_parallel import SharedBatchNorm, with_shared_norms
from xrayscan.network.process_group import gathered, process_group


@pytest.fixture
def group(tmp_path):
    """A group of this process alone, which talks to itself."""
    torch.distributed.init_process_group("gloo", f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("options", [{}, {"affine": False, "momentum": None}])
def test_a_shared_norm_is_batch_norm_with_its_gradients_and_statistics(group, options):
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3, **options))
    shared = with_shared_norms(copy.deepcopy(network), Ranks(0, 2), "cpu")
    assert isinstance(shared[1], SharedBatchNorm)
    for seed in range(3):
        images = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(seed)) + 3
        ones, others = network(images), shared(images)
        assert torch.allclose(ones, others, atol=1e-5)
        (ones**3).sum().backward()
        (others**3).sum().backward()
    for one, other in zip(network.parameters(), shared.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, rtol=1e-3, atol=1e-3)
    for name, tensor in network.state_dict().items():
        assert torch.allclose(tensor, shared.state_dict()[name], atol=1e-5), name
    assert torch.allclose(network.eval()(images), shared.eval()(images), atol=1e-5)


def test_answers_are_put_together_by_place_and_a_missing_one_is_noticed(group):
    places, values = np.array([2, 0, 1]), np.array([2.0, 0.0, np.nan], np.float32)
    assert np.array_equal(gathered(Ranks(0, 2), places, values, 3), [0, np.nan, 2], equal_nan=True)
    with pytest.raises(RuntimeError, match="1 of 4 places"):
        gathered(Ranks(0, 2), places, values, 4)
    with pytest.raises(RuntimeError, match="1 of 3 places"):
        gathered(Ranks(0, 2), np.array([0, 1, 2, 2]), np.zeros(4, np.float32), 3)


def test_one_process_needs_no_group():
    with process_group(Ranks(), "cpu"):
        assert not torch.distributed.is_initialized()

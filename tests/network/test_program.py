import numpy as np
import torch

from xrayscan import InputSpec, Placement
from xrayscan.network.forward import predicted
from xrayscan.network.program import TorchProgram

SPEC = InputSpec(side=16, normalise="per_image")


def small():
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(1, 3, 5, 2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    return torch.nn.Sequential(*layers, torch.nn.Linear(3, 1)).eval()


def test_the_module_normalises_by_itself_and_gives_what_its_layers_hold():
    network, pixels = small(), np.random.default_rng(0).integers(0, 256, (4, 16, 16), np.uint8)
    program = TorchProgram(network, SPEC, ("1",))
    with torch.inference_mode():
        logits, features = program.module()(torch.from_numpy(pixels))
    assert program.outputs[0] == "logits"
    np.testing.assert_allclose(logits, predicted(network, pixels, SPEC, Placement()), atol=1e-5)
    assert features.shape == (4, 3)
    assert features.min() >= 0  # after the ReLU


def test_the_network_itself_is_not_touched():
    network = small()
    module = TorchProgram(network, SPEC, ()).module()
    torch.nn.init.zeros_(module.network[4].weight)
    assert network[4].weight.abs().sum() > 0
    assert not network[1]._forward_hooks

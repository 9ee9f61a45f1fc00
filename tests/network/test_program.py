from importlib.resources import files

import numpy as np
import pytest
import torch

from xrayscan import InputSpec, ModelError, Placement
from xrayscan.network.forward import predicted
from xrayscan.network.program import TorchProgram
from xrayscan.scaffold import templates

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


def test_what_onnx_cannot_say_is_one_sentence_and_nothing_on_standard_output(capfd):
    """torch prints its whole graph, and asks people to write to its authors."""
    pooled = torch.nn.AdaptiveAvgPool2d(4)  # of 15 x 15: ONNX knows no pools of two sizes
    network = torch.nn.Sequential(pooled, torch.nn.Flatten(), torch.nn.Linear(16, 1))
    with pytest.raises(ModelError, match="cannot be written as ONNX") as refused:
        TorchProgram(network, InputSpec(side=15), ()).onnx()
    assert "adaptive_avg_pool2d" in str(refused.value)
    assert "PyTorch GitHub" not in str(refused.value)
    assert capfd.readouterr().out == ""


def test_the_backend_of_new_plugins_can_be_written_as_onnx():
    namespace = {}
    exec((files(templates) / "backend.py").read_text(), namespace)
    params = namespace["MyPluginParams"]()
    assert TorchProgram(namespace["build"](params), namespace["spec"](params), ()).onnx()

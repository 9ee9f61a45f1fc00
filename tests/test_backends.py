"""Every backend that comes with xrayscan keeps the contract."""

import pytest

from xrayscan.registry import load_registry
from xrayscan.testing import BackendContract

SMALL = {
    "cnn": {"side": 32, "width": 4, "blocks": 1},
    "knn": {"side": 16, "k": 5},
    "mlp": {"side": 16, "widths": (16,)},
    "resnet18": {"side": 32},
    "resnet34": {"side": 32},
    "resnet50": {"side": 32},
    "timm": {"network": "test_resnet", "side": 64},
    "vgg16": {"side": 32},
    "vgg19": {"side": 32},
}


def test_every_backend_is_held_to_the_contract():
    assert sorted(SMALL) == sorted(load_registry().backends)


class TestCnn(BackendContract):
    backend, parameters = "cnn", SMALL["cnn"]


class TestCnnOfLayers(BackendContract):
    backend = "cnn"
    parameters = {"side": 32, "layers": ("conv 8", "norm", "pool", "global", "dense 8 swish")}


class TestKnn(BackendContract):
    backend, parameters = "knn", SMALL["knn"]


class TestMlp(BackendContract):
    backend, parameters = "mlp", SMALL["mlp"]


class TestTimm(BackendContract):
    backend, parameters = "timm", SMALL["timm"]


class TestResNet18(BackendContract):
    backend, parameters = "resnet18", SMALL["resnet18"]


@pytest.mark.slow
class TestResNet50(BackendContract):
    backend, parameters = "resnet50", SMALL["resnet50"]


@pytest.mark.slow
class TestVgg16(BackendContract):
    backend, parameters = "vgg16", SMALL["vgg16"]

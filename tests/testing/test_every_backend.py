"""Every backend that comes with xrayscan keeps the contract."""

import dataclasses
import tempfile
from pathlib import Path

import pytest

from xrayscan import Calibration, ModelCard, OperatingPoint
from xrayscan.model.file import save_model
from xrayscan.plugin.manager import load_registry
from xrayscan.testing.backend import BackendContract, Subject

SMALL = {
    "cnn": {"side": 32, "width": 4, "blocks": 1},
    "cnn of layers": {"side": 32, "layers": ("conv 8", "norm", "pool", "global", "dense 8 swish")},
    "ensemble": {},  # members are made below
    "knn": {"side": 16, "k": 5},
    "knn on features": {"k": 5, "features": "cnn"},
    "lite0": {"side": 33},
    "mlp": {"side": 16, "widths": (16,)},
    "resnet18": {"side": 32},
    "resnet34": {"side": 32},
    "resnet50": {"side": 32},
    "timm": {"network": "test_resnet", "side": 64},
    "vgg16": {"side": 32},
    "vgg19": {"side": 32},
}


def test_every_backend_is_held_to_the_contract():
    assert {name.partition(" ")[0] for name in SMALL} == set(load_registry().backends)


class TestCnn(BackendContract):
    backend, parameters = "cnn", SMALL["cnn"]


class TestCnnOfLayers(BackendContract):
    backend, parameters = "cnn", SMALL["cnn of layers"]


class TestEnsemble(BackendContract):
    """Two KNN models, whose sides differ, on the contract's own films."""

    backend = "ensemble"

    @classmethod
    def subject(cls):
        cls.folder = tempfile.TemporaryDirectory()  # until the class goes: the contract loads members again
        members = [cls.member(Path(cls.folder.name, str(side)), side) for side in (16, 32)]
        return Subject.from_backend(load_registry().backend("ensemble"), {"members": members})

    @staticmethod
    def member(folder, side):
        knn = Subject.from_backend(load_registry().backend("knn"), {"side": side, "k": 5})
        card = ModelCard(
            name="member",
            backend="knn",
            input=knn.spec,
            labels=("NORMAL", "PNEUMONIA"),
            prevalence=0.5,
            calibration=Calibration(0.7, 0.1),
            operating_points=(OperatingPoint("balanced", 0.5, 0.5, 0.5, (0.0, 1.0), (0.0, 1.0)),),
            parameters=dataclasses.asdict(knn.params),
        )
        folder.mkdir()
        save_model(str(folder / "model.safetensors"), card, knn.tensors, knn.films.identities)
        return str(folder)


class TestKnn(BackendContract):
    backend, parameters = "knn", SMALL["knn"]


class TestLite0(BackendContract):
    backend, parameters = "lite0", SMALL["lite0"]


class TestMlp(BackendContract):
    backend, parameters = "mlp", SMALL["mlp"]


class TestTimm(BackendContract):
    backend, parameters = "timm", SMALL["timm"]


class TestResNet18(BackendContract):
    backend, parameters = "resnet18", SMALL["resnet18"]


class TestKnnOnFeatures(BackendContract):
    backend, parameters = "knn", SMALL["knn on features"]


@pytest.mark.slow
class TestResNet50(BackendContract):
    backend, parameters = "resnet50", SMALL["resnet50"]


@pytest.mark.slow
class TestVgg16(BackendContract):
    backend, parameters = "vgg16", SMALL["vgg16"]


@pytest.mark.slow
class TestResNet34(BackendContract):
    backend, parameters = "resnet34", SMALL["resnet34"]


@pytest.mark.slow
class TestVgg19(BackendContract):
    backend, parameters = "vgg19", SMALL["vgg19"]

"""Every backend that comes with xrayscan keeps the contract."""

import atexit
import dataclasses
import functools
import shutil
import tempfile
from pathlib import Path

import pytest

from xrayscan import Calibration, ModelCard, OperatingPoint
from xrayscan.model.file import save_model
from xrayscan.plugin.manager import load_registry
from xrayscan.testing.backend import CLAUSES, Subject, check_learning

SMALL = {
    "cnn": {"side": 32, "width": 4, "blocks": 1},
    "cnn of layers": {"side": 32, "layers": ("conv 8", "norm", "pool", "global", "dense 8 swish")},
    "ensemble": {},  # members are made below
    "knn": {"side": 16, "k": 5},
    "knn on features": {"k": 5, "features": "cnn"},
    "lite0": {"side": 33, "frozen": -1, "body": 1.0},  # from random weights all of it has to learn
    "mlp": {"side": 16, "widths": (16,)},
    "resnet18": {"side": 32},
    "resnet34": {"side": 32},
    "resnet50": {"side": 32},
    "timm": {"network": "test_resnet", "side": 64},
    "vgg16": {"side": 32},
    "vgg19": {"side": 32},
}
SLOW = ("resnet34", "resnet50", "vgg16", "vgg19")
DEEPER = ("resnet34", "resnet50", "vgg19")  # than a network of the same code, which shows that it learns
CASES = [
    pytest.param(
        name,
        clause,
        marks=[pytest.mark.slow] if name in SLOW else [],
        id=f"{name}-{clause.__name__.removeprefix('check_')}",
    )
    for name in SMALL
    for clause in CLAUSES
    if not (name in DEEPER and clause is check_learning)
]


def test_every_backend_is_held_to_the_contract():
    assert {name.partition(" ")[0] for name in SMALL} == set(load_registry().backends)


@functools.cache
def subject(name):
    """A backend, fitted once for all clauses."""
    registered = load_registry().backend(name.partition(" ")[0])
    return Subject.from_backend(registered, SMALL[name] if name != "ensemble" else {"members": members()})


def members():
    """Two KNN models, whose sides differ, on the contract's own films."""
    folder = tempfile.mkdtemp()  # as long as the process: the contract loads members again
    atexit.register(shutil.rmtree, folder)
    return [member(Path(folder, str(side)), side) for side in (16, 32)]


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


@pytest.mark.parametrize(("name", "clause"), CASES)
def test_a_backend_keeps_the_contract(name, clause):
    clause(subject(name))

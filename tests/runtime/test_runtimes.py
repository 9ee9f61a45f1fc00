"""Runtimes: each keeps the contract and computes every network as torch does."""

import dataclasses

import numpy as np
import pytest

from xrayscan import FitSettings, InputSpec, Placement, TrainingParams
from xrayscan.network.program import TorchProgram
from xrayscan.plugin.manager import load_registry
from xrayscan.runtime.films import drawn_films
from xrayscan.testing import RuntimeContract

NETWORKS = {  # parameters that make each backend small; a network of every kind of layer beside the usual ones
    "cnn": {"side": 33, "width": 4, "blocks": 1},
    "cnn of layers": {"side": 32, "layers": ("conv 8", "norm", "pool", "global", "dense 8 swish")},
    "lite0": {"side": 33},
    "mlp": {"side": 16, "widths": (16,)},
    "resnet18": {"side": 32},
    "timm": {"network": "test_resnet", "side": 64},
}
LARGE = {"resnet34": {"side": 32}, "resnet50": {"side": 32}, "vgg16": {"side": 32}, "vgg19": {"side": 32}}
RUNTIMES = ("torch-fused", "onnxruntime", "openvino")
NORMALISATIONS = ("fixed", "per_image", "equalise", "blend")


def usable(name):
    """Skip the test where a runtime cannot run."""
    if why := load_registry().runtime(name).missing(Placement()):
        pytest.skip(f"{name}: {why}")


def started(backend, parameters):
    """A backend's parameters, input and first weights."""
    params = backend.params(**parameters)
    return params, backend.spec(params), backend.start(params, FitSettings(TrainingParams(), weights="none"))


def test_every_network_is_tried_by_every_runtime():
    networks = {name for name, backend in load_registry().backends.items() if hasattr(backend, "start")}
    assert {name.partition(" ")[0] for name in NETWORKS | LARGE} == networks
    assert {*RUNTIMES, "torch", "torch-compile"} == set(load_registry().runtimes)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", [*NETWORKS, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)])
def test_a_network_says_the_same_in_every_runtime(name, runtime):
    usable(runtime)
    backend = load_registry().backend(name.partition(" ")[0])
    params, spec, tensors = started(backend, (NETWORKS | LARGE)[name])
    if name == "lite0":  # whose head starts with zeros
        tensors["head.weight"] = (
            np.random.default_rng(0).normal(0, 0.1, tensors["head.weight"].shape).astype(np.float32)
        )
    films = drawn_films(spec.side)
    standard = backend.load(params, spec, tensors, Placement())
    other = backend.load(params, spec, tensors, Placement(runtime=runtime))
    logits = standard.predict(films)
    assert np.ptp(logits) > 0
    np.testing.assert_allclose(other.predict(films), logits, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(other.predict(films[:11]), logits[:11], rtol=1e-3, atol=1e-4)
    if layers := standard.gate_layers:
        features = (one.predict_with_features(films, layers)[1] for one in (other, standard))
        np.testing.assert_allclose(*features, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("normalise", "quality"), [*((how, None) for how in NORMALISATIONS), ("fixed", 75), ("blend", 30)]
)
def test_normalisation_inside_the_graph_is_that_of_torch(normalise, quality, runtime):
    from torch import nn

    usable(runtime)
    shape = {"channels": 3, "mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4)}
    spec = InputSpec(17, normalise=normalise, jpeg_quality=quality, **shape)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(900, 1)).eval()
    program, films = TorchProgram(network, spec, ("0",)), drawn_films(17)
    standard = load_registry().runtime("torch").compile(program, Placement())(films)
    given = load_registry().runtime(runtime).compile(program, Placement(runtime=runtime))(films)
    for one, other in zip(standard, given, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4)


def test_equalisation_in_bf16_is_as_near_as_bf16_is():
    """Grey levels are counted in whole numbers, whatever the precision."""
    from torch import nn

    usable("openvino")
    runtime = load_registry().runtime("openvino")
    if "bf16" not in runtime.precisions("cpu"):
        pytest.skip("this CPU does not multiply bf16")
    spec = InputSpec(129, normalise="equalise")
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1)).eval()
    program, films = TorchProgram(network, spec, ("0",)), drawn_films(129)
    exact = runtime.compile(program, Placement(runtime="openvino"))(films)[0]
    rounded = runtime.compile(program, Placement(precision="bf16", runtime="openvino"))(films)[0]
    np.testing.assert_allclose(rounded, exact, atol=0.01)


class TestTorch(RuntimeContract):
    runtime = "torch"


class TestTorchFused(RuntimeContract):
    runtime = "torch-fused"


@pytest.mark.skipif(bool(load_registry().runtime("onnxruntime").missing(Placement())), reason="no ONNX Runtime here")
class TestOnnxRuntime(RuntimeContract):
    runtime = "onnxruntime"


@pytest.mark.skipif(bool(load_registry().runtime("openvino").missing(Placement())), reason="no OpenVINO here")
class TestOpenVino(RuntimeContract):
    runtime = "openvino"


@pytest.mark.slow
@pytest.mark.skipif(bool(load_registry().runtime("torch-compile").missing(Placement())), reason="no C++ compiler here")
class TestTorchCompile(RuntimeContract):
    runtime = "torch-compile"


def test_a_runtime_is_a_setting_of_a_placement():
    assert dataclasses.asdict(Placement())["runtime"] == "torch"

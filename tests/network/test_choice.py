"""The runtime of a scan: the fastest that agrees, looked for once it pays, and remembered."""

import json

import numpy as np
import pytest

from xrayscan import Placement, UsageError, load_predictor, scan
from xrayscan.network import choice
from xrayscan.network.choice import choose, difference, measure
from xrayscan.plugin.registry import Registry
from xrayscan.runtime.films import drawn_films
from xrayscan.runtime.memory import Measured, Memory
from xrayscan.store.store import STORE_NAME, Store


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def measured(monkeypatch):
    """What measuring finds; the list of what was measured."""
    figures = {
        "torch bf16": Measured(0.5, 0.002, 0.02),
        "torch fp32": Measured(0.5, 0.010, 0.0),
        "torch-fused fp32": Measured(3.0, 0.005, 1e-6),
        "openvino fp32": Measured(0.5, 0.004, 1e-6),
        "openvino bf16": Measured(0.5, 0.001, 0.02),
        "onnxruntime fp32": Measured(0.5, 0.0045, float("inf")),
        "torch-compile fp32": Measured(60.0, 0.0001, 1e-6),
    }
    asked = []

    def fake(model, standard, options):
        names = [f"{one.runtime} {one.precision}" for one in options]
        asked.append(names)
        return {name: figures[name] for name in names}

    monkeypatch.setattr(choice, "measure", fake)
    for runtime in ("OnnxRuntime", "OpenVino"):
        monkeypatch.setattr(f"xrayscan.runtime.graphs.{runtime}.missing", lambda self, placement: None)
        monkeypatch.setattr(f"xrayscan.runtime.graphs.{runtime}.precisions", lambda self, device: ("bf16", "fp32"))
    monkeypatch.setattr("xrayscan.runtime.torch_runtimes.Eager.precisions", lambda self, device: ("bf16", "fp32"))
    monkeypatch.setattr("xrayscan.runtime.torch_runtimes.Inductor.missing", lambda self, placement: None)
    figures["onnxruntime bf16"] = figures["openvino bf16"]
    return asked


def test_a_few_films_are_not_worth_looking(model, measured):
    assert choose([model], device="cpu", films=10) == Placement("cpu", "fp32", "torch")
    assert measured == []


def test_the_fastest_that_agrees_is_taken_and_remembered(model, measured):
    taken = Placement("cpu", "fp32", "openvino")
    assert choose([model], device="cpu", films=9_000) == taken
    assert "torch-compile fp32" not in measured[0]  # a minute to save less
    assert choose([model], device="cpu", films=10) == taken
    assert len(measured) == 1


def test_what_takes_a_minute_to_start_is_taken_where_that_is_nothing(model, measured):
    assert choose([model], device="cpu", films=1_000_000) == Placement("cpu", "fp32", "torch-compile")
    assert choose([model], device="cpu", films=10) == Placement("cpu", "fp32", "openvino")


def test_many_small_scans_are_worth_looking_in_the_end(model, measured):
    for _ in range(15):
        choose([model], device="cpu", films=400)
    assert measured
    assert choose([model], device="cpu", films=100).runtime == "openvino"


def test_what_is_asked_for_holds(model, measured):
    assert choose([model], device="cpu", precision="bf16", films=1) == Placement("cpu", "bf16", "torch")
    assert choose([model], device="cpu", runtime="openvino", films=1) == Placement("cpu", "fp32", "openvino")
    asked = choose([model], device="cpu", runtime="torch", precision="bf16", films=9_000)
    assert asked == Placement("cpu", "bf16", "torch")


def test_a_scan_that_goes_on_is_computed_as_it_began(model, measured):
    choose([model], device="cpu", films=9_000)
    assert choose([model], device="cpu", films=5, before=("torch", "fp32")).runtime == "torch"
    assert choose([model], device="cpu", films=5, before=("gone", "fp32")).runtime == "openvino"


def test_an_unknown_runtime_and_one_that_cannot_run_are_refused(model, monkeypatch):
    with pytest.raises(UsageError, match="unknown runtime 'abacus': choose auto, torch"):
        choose([model], runtime="abacus")
    monkeypatch.setattr("xrayscan.runtime.graphs.installed", lambda package: False)
    with pytest.raises(UsageError, match=r"pip install 'xrayscan\[openvino\]'"):
        choose([model], device="cpu", runtime="openvino")


def test_measuring_finds_that_bf16_is_not_exact_and_a_fused_network_is(model):
    options = [Placement("cpu", "bf16"), Placement("cpu", "fp32", "torch-fused")]
    rounded, fused = measure(model, Placement(), options).values()
    assert fused.error < choice.TOLERANCE < rounded.error  # this model's calibration is steep
    assert fused.per_film > 0
    assert fused.setup > 0


def test_a_runtime_that_fails_is_not_taken(model, monkeypatch):
    def broken(self, program, placement):
        raise RuntimeError("no such operator")

    monkeypatch.setattr("xrayscan.runtime.torch_runtimes.Fused.compile", broken)
    [found] = measure(model, Placement(), [Placement("cpu", "fp32", "torch-fused")]).values()
    assert found.error == float("inf")


def test_answers_that_are_no_numbers_are_infinitely_wrong():
    wanted = np.zeros((2, 3))
    assert difference(np.full((2, 3), np.nan), wanted, 1.0) == float("inf")
    assert difference(np.add(wanted, [[0.4], [0.0]]), wanted, 1.0) == pytest.approx(0.1)
    assert difference(np.add(wanted, [[0.0], [0.2]]), wanted, 1.0) == pytest.approx(0.2)


def test_damaged_memory_counts_as_none(model):
    memory = Memory.of(model.fingerprint)
    memory.films = 7
    memory.keep_graph(b"a graph")
    assert (Memory.of(model.fingerprint).films, Memory.of(model.fingerprint).graph()) == (7, b"a graph")
    with open(f"{memory.path}.onnx", "wb") as file:
        file.write(b"another")
    assert Memory.of(model.fingerprint).graph() == b""
    with open(f"{memory.path}.json", encoding="ascii") as file:
        found = json.load(file)
    for damaged in ("", "[]", "7", json.dumps(found | {"films": 8}), json.dumps({"sha256": 1})):
        with open(f"{memory.path}.json", "w", encoding="ascii") as file:
            file.write(damaged)
        assert Memory.of(model.fingerprint).films == 0


def test_memory_where_others_may_write_is_not_trusted(model, tmp_path):
    memory = Memory.of(model.fingerprint)
    memory.keep_graph(b"a graph")
    (tmp_path / "cache" / "xrayscan" / "runtimes").chmod(0o777)
    assert Memory.of(model.fingerprint).graph() == b""


def test_a_cache_that_cannot_be_written_costs_nothing(model, tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    assert choose([model], device="cpu", films=10).runtime == "torch"
    Memory.of(model.fingerprint).keep_graph(b"a graph")


def test_a_kept_graph_is_used_without_the_backend(model, monkeypatch):
    pytest.importorskip("onnxruntime")
    placement = Placement("cpu", "fp32", "onnxruntime")
    films = drawn_films(model.card.input.side)
    wanted = load_predictor(model, placement).predict(films)
    monkeypatch.setattr(Registry, "backend", lambda self, name: pytest.fail("the backend was asked"))
    assert np.array_equal(load_predictor(model, placement).predict(films), wanted)


def test_a_scan_says_what_computed_it_and_goes_on_with_that(model_file, films, tmp_path):
    seen = []
    with scan(
        films, model=model_file, out=tmp_path / "out", on_start=lambda h: seen.append(h.placement.runtime)
    ) as first:
        assert first.counts.scored == 7
    assert seen == ["torch"]
    with Store.read(str(tmp_path / "out" / STORE_NAME)) as store:
        assert store.recall("computed") == ["torch", "fp32"]

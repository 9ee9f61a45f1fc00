"""The runtime of a scan: fast at once by a rule, the fastest that agrees where they were compared."""

import json
import subprocess
import sys

import numpy as np
import pytest

from xrayscan import Placement, ScanSettings, UsageError, load_model, load_predictor, scan
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
    """What measuring finds; the list of what was measured, and on how many films."""
    figures = {
        "torch bf16": Measured(0.5, 0.002, 0.02),
        "torch fp32": Measured(0.5, 0.010, 0.0),
        "torch-fused fp32": Measured(3.0, 0.005, 1e-6),
        "openvino fp32": Measured(0.5, 0.004, 1e-6),
        "openvino bf16": Measured(0.5, 0.001, 0.02),
        "onnxruntime fp32": Measured(0.5, 0.0045, 1e-6),
        "torch-compile fp32": Measured(60.0, 0.0001, 1e-6),
    }
    asked = []

    def fake(model, standard, options, films, rounds):
        names = [f"{one.runtime} {one.precision}" for one in options]
        asked.append((names, films))
        return {name: figures[name] for name in names}

    monkeypatch.setattr(choice, "measure", fake)
    monkeypatch.setattr(choice, "load_predictor", lambda model, placement: None)
    for runtime in ("OnnxRuntime", "OpenVino"):
        monkeypatch.setattr(f"xrayscan.runtime.graphs.{runtime}.missing", lambda self, placement: None)
    monkeypatch.setattr("xrayscan.runtime.graphs.OpenVino.precisions", lambda self, device: ("bf16", "fp32"))
    monkeypatch.setattr("xrayscan.runtime.torch_runtimes.Eager.precisions", lambda self, device: ("bf16", "fp32"))
    monkeypatch.setattr("xrayscan.runtime.torch_runtimes.Inductor.missing", lambda self, placement: None)
    return figures, asked


def test_the_usual_runtime_is_taken_at_once_and_checked_once(model, measured):
    for _ in range(2):
        assert choose([model], device="cpu", films=1_000_000) == choice.USUAL
    assert measured[1] == [(["onnxruntime fp32"], choice.CHECKED)]  # nothing else, however long the scan


def test_torch_computes_where_the_usual_runtime_answers_otherwise(model, measured):
    figures, asked = measured
    figures["onnxruntime fp32"] = Measured(0.5, 0.0001, 0.002)
    for _ in range(2):
        assert choose([model], device="cpu") == Placement("cpu", "fp32", "torch")
    assert len(asked) == 1


def test_torch_computes_where_the_usual_runtime_is_missing(model, measured, monkeypatch):
    for runtime in ("OnnxRuntime", "OpenVino"):
        monkeypatch.setattr(f"xrayscan.runtime.graphs.{runtime}.missing", lambda self, placement: "it is gone")
    assert choose([model], device="cpu") == Placement("cpu", "fp32", "torch")
    assert measured[1] == []


def test_a_runtime_that_fails_to_say_whether_it_is_there_costs_no_scan(model, measured, monkeypatch):
    monkeypatch.setattr("xrayscan.runtime.graphs.OpenVino.missing", lambda self, placement: 1 / 0)
    assert choose([model], device="cpu").runtime == "onnxruntime"
    with pytest.raises(UsageError, match="openvino: it failed with ZeroDivisionError"):
        choose([model], device="cpu", runtime="openvino")


def test_torch_computes_what_is_too_large_to_be_written_as_a_graph_in_passing(model, measured, monkeypatch):
    monkeypatch.setattr(choice, "LARGEST", 1000)
    assert choose([model], device="cpu") == Placement("cpu", "fp32", "torch")
    assert measured[1] == []
    choice.compare(model, device="cpu")
    assert choose([model], device="cpu").runtime == "onnxruntime"


def test_what_was_compared_decides_by_the_length_of_the_scan(model, measured):
    choice.compare(model, device="cpu")
    assert "torch-compile fp32" not in measured[1][0][0]  # a minute, which nobody has asked for
    assert choose([model], device="cpu", films=9_000) == Placement("cpu", "fp32", "openvino")
    choice.compare(model, device="cpu", runtime="torch-compile")
    assert choose([model], device="cpu", films=9_000).runtime == "openvino"
    assert choose([model], device="cpu", films=1_000_000).runtime == "torch-compile"


def test_what_is_asked_for_holds(model, measured):
    assert choose([model], device="cpu", precision="bf16") == Placement("cpu", "bf16", "torch")
    assert choose([model], device="cpu", runtime="openvino") == Placement("cpu", "fp32", "openvino")
    asked = choose([model], device="cpu", runtime="torch", precision="bf16")
    assert asked == Placement("cpu", "bf16", "torch")


def test_a_scan_that_goes_on_is_computed_as_it_began(model, measured):
    assert choose([model], device="cpu", before=("torch", "fp32")).runtime == "torch"
    assert choose([model], device="cpu", before=("gone", "fp32")) == choice.USUAL


def test_an_unknown_runtime_and_one_that_cannot_run_are_refused(model, monkeypatch):
    with pytest.raises(UsageError, match="unknown runtime 'abacus': choose among auto, torch"):
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
    memory.measured = {"torch fp32": Measured(0.5, 0.01, 0.0)}
    memory.keep_graph(b"a graph")
    assert (Memory.of(model.fingerprint).measured, Memory.of(model.fingerprint).graph()) == (
        memory.measured,
        b"a graph",
    )
    with open(f"{memory.path}.onnx", "wb") as file:
        file.write(b"another")
    assert Memory.of(model.fingerprint).graph() == b""
    with open(f"{memory.path}.json", encoding="ascii") as file:
        found = json.load(file)
    for damaged in ("", "[]", "7", json.dumps(found | {"measured": {}}), json.dumps({"sha256": 1})):
        with open(f"{memory.path}.json", "w", encoding="ascii") as file:
            file.write(damaged)
        assert Memory.of(model.fingerprint) == Memory(memory.path)


def test_memory_where_others_may_write_is_not_trusted(model, tmp_path):
    memory = Memory.of(model.fingerprint)
    memory.keep_graph(b"a graph")
    (tmp_path / "cache" / "xrayscan" / "runtimes").chmod(0o777)
    assert Memory.of(model.fingerprint).graph() == b""


def test_a_cache_that_cannot_be_written_costs_nothing(model, tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    assert choose([model], device="cpu") in (choice.USUAL, Placement())
    Memory.of(model.fingerprint).keep_graph(b"a graph")


def test_a_kept_graph_is_used_without_the_backend(model, monkeypatch):
    pytest.importorskip("onnxruntime")
    placement = Placement("cpu", "fp32", "onnxruntime")
    films = drawn_films(model.card.input.side)
    wanted = load_predictor(model, placement).predict(films)
    monkeypatch.setattr(Registry, "backend", lambda self, name: pytest.fail("the backend was asked"))
    assert np.array_equal(load_predictor(model, placement).predict(films), wanted)


def test_a_default_scan_says_what_torch_says_whatever_its_batches_and_goes_on_as_it_began(model_file, films, tmp_path):
    pytest.importorskip("onnxruntime")
    seen, probabilities = [], []
    for name, settings in {
        "torch": ScanSettings(workers=0, runtime="torch", precision="fp32"),
        "usual": ScanSettings(workers=0),
        "alone": ScanSettings(workers=0, batch_size=1),
        "few": ScanSettings(workers=0, batch_size=3),
    }.items():
        on_start = lambda hardware: seen.append(hardware.placement.runtime)  # noqa: E731
        with scan(films, model=model_file, out=tmp_path / name, settings=settings, on_start=on_start) as found:
            probabilities.append({row.source: row.probability for row in found.rows()})
    assert seen == ["torch", "onnxruntime", "onnxruntime", "onnxruntime"]
    for given in probabilities[1:]:
        assert given == pytest.approx(probabilities[0], abs=1e-4)
    with Store.read(str(tmp_path / "usual" / STORE_NAME)) as store:
        assert store.recall("computed") == ["onnxruntime", "fp32"]


def scanned(folder, model, out, *options, without):
    """What a scan in a process of its own printed, which fails if it imported any of these packages."""
    code = (
        "import sys; from xrayscan.cli import main\n"
        "try: main(sys.argv[2:])\n"
        "except SystemExit as end:\n"
        "    found = set(sys.argv[1].split()) & set(sys.modules)\n"
        "    assert not found, f'{found} imported'; sys.exit(end.code)"
    )
    asked = ["predict", str(folder), "--model", model, "--out", str(out), "--workers", "0", *options]
    done = subprocess.run([sys.executable, "-c", code, without, *asked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_second_scan_imports_no_torch(model_file, films, tmp_path):
    pytest.importorskip("onnxruntime")
    choose([load_model(model_file)], device="cpu")
    told = scanned(films, model_file, tmp_path / "out", "--heatmaps", "none", without="torch")
    assert "by onnxruntime on cpu" in told


def test_a_page_with_heatmaps_of_the_default_model_needs_neither_torch_nor_matplotlib(films, tmp_path):
    pytest.importorskip("onnxruntime")
    choose([load_model("default")], device="cpu")
    out = tmp_path / "out"
    scanned(films, "default", out, "--unlike", "rank", "--heatmaps", "2", without="torch matplotlib")
    assert (out / "triage.html").read_text(encoding="utf-8").count('id="heat-') == 2

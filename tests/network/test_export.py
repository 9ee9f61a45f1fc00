"""Exported models: one file of ONNX or OpenVINO that scores as the model it was made from, without torch."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from xrayscan import ModelError, Placement, ScanSettings, UsageError, load_model, load_predictor, scan
from xrayscan.explain.heatmap import heatmaps
from xrayscan.model.graph_file import Exported, read_exported, save_exported
from xrayscan.network import choice
from xrayscan.network.choice import answers
from xrayscan.network.export import export
from xrayscan.plugin.manager import load_registry
from xrayscan.runtime.films import drawn_films

RUNTIMES = {".onnx": "onnxruntime", ".xml": "openvino"}


@pytest.fixture(scope="module", params=[".onnx", pytest.param(".xml", marks=pytest.mark.slow)])
def exported(request, tmp_path_factory):
    """The bundled model, exported: the file, and the runtime that takes it."""
    for runtime in {"onnxruntime", RUNTIMES[request.param]}:
        if why := load_registry().runtime(runtime).missing(Placement()):
            pytest.skip(f"{runtime}: {why}")
    path = str(tmp_path_factory.mktemp("exported") / f"default{request.param}")
    export(load_model(), path)
    return path, RUNTIMES[request.param]


def test_an_exported_model_says_what_the_model_says_its_gate_included(exported):
    path, runtime = exported
    films = drawn_films(load_model().card.input.side)
    given = answers(load_predictor(load_model(path), Placement(runtime=runtime)), films)
    wanted = answers(load_predictor(load_model(), Placement()), films)
    assert np.ptp(wanted[0]) > 0.1
    differences = np.abs(np.asarray(given) - wanted)
    assert differences.max() < 1e-4


def test_one_that_is_a_graph_gives_the_heatmaps_of_the_network_with_a_linear_head(exported):
    path, runtime = exported
    films = drawn_films(load_model().card.input.side)[:3]
    given = heatmaps(load_model(path), films, Placement(runtime=runtime))
    assert given == pytest.approx(heatmaps(load_model(), films, Placement()), abs=1e-3)


def test_where_there_is_a_gpu_a_graph_is_computed_on_the_cpu_unless_told_otherwise(exported, monkeypatch):
    monkeypatch.setattr(choice, "GPU_SIGNS", ("/",))
    monkeypatch.setattr("xrayscan.network.device.place", lambda device, precision: Placement("cuda:0"))
    assert choice.choose([load_model()], precision="fp32").device == "cuda:0"
    assert choice.choose([load_model(exported[0])], precision="fp32").device == "cpu"
    with pytest.raises(UsageError, match="needs a runtime on the CPU"):
        choice.choose([load_model(exported[0])], device="cuda", precision="fp32")


def test_card_gate_and_films_seen_travel_with_it(exported):
    loaded, original = load_model(exported[0]), load_model()
    assert loaded.card == original.card
    assert loaded.seen is not None
    assert loaded.seen.fitted_to() == original.seen.fitted_to()
    assert {name for name in original.tensors if name.startswith("gate/")} == set(loaded.tensors)
    assert loaded.fingerprint != original.fingerprint


def test_other_programs_read_the_card_in_the_metadata(exported):
    path, runtime = exported
    if runtime != "onnxruntime":
        pytest.skip("OpenVINO's card is in a comment")
    import onnxruntime

    found = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).get_modelmeta().custom_metadata_map
    assert '"PNEUMONIA"' in found["xrayscan.card"]


def test_predict_takes_it_and_never_imports_torch(model_file, films, tmp_path):
    pytest.importorskip("onnxruntime")
    path = str(tmp_path / "small.onnx")
    export(load_model(model_file), path)
    code = (
        "import sys; from xrayscan.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert 'torch' not in sys.modules, 'torch was imported'; sys.exit(end.code)"
    )
    asked = ["predict", str(films), "--model", path, "--out", str(tmp_path / "out"), "--workers", "0"]
    done = subprocess.run([sys.executable, "-c", code, *asked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "by onnxruntime on cpu" in done.stderr
    settings = ScanSettings(workers=0)
    with (
        scan(films, model=model_file, out=tmp_path / "torch", settings=settings) as wanted,
        scan(films, model=path, out=tmp_path / "out", settings=settings) as given,
    ):
        assert given.counts.kept == 7
        for one, other in zip(wanted.rows(), given.rows(), strict=True):
            assert other.source == one.source
            assert other.probability == pytest.approx(one.probability, abs=1e-3)


def test_a_changed_file_is_refused(exported, tmp_path):
    with open(exported[0], "rb") as file:
        data = bytearray(file.read())
    suffix = os.path.splitext(exported[0])[1]
    path = tmp_path / f"changed{suffix}"
    if suffix == ".xml":
        with open(exported[0][:-4] + ".bin", "rb") as file:
            (tmp_path / "changed.bin").write_bytes(file.read())
    for place in (10, len(data) // 2, len(data) - 40):
        changed = bytearray(data)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ModelError):
            load_model(path)
    for other in (data[:-1], data[: len(data) // 2], data + b"\n", b"", bytes(1000)):
        path.write_bytes(other)
        with pytest.raises(ModelError):
            load_model(path)


def varint(value):
    return bytes((value,)) if value < 128 else bytes((value & 127 | 128,)) + varint(value >> 7)


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


@pytest.fixture
def small(model):
    """A model file of a few bytes, which no runtime could run."""
    return Exported(model.card, {}, field(7, field(5, field(8, b"weight") + field(9, b"1234"))))


def test_any_graph_that_was_written_is_read_back(small, tmp_path):
    path = str(tmp_path / "small.onnx")
    save_exported(path, small)
    assert read_exported(path) == small


def test_weights_in_another_file_are_not_followed(small, tmp_path):
    outside = field(7, field(5, field(8, b"weight") + field(13, b"/etc/passwd") + varint(14 << 3) + b"\x01"))
    path = str(tmp_path / "outside.onnx")
    save_exported(path, Exported(small.card, {}, outside))
    with pytest.raises(ModelError, match="in another file"):
        load_model(path)


def test_what_is_appended_after_the_export_is_refused(small, tmp_path):
    path = tmp_path / "small.onnx"
    save_exported(str(path), small)
    path.write_bytes(path.read_bytes() + field(7, b""))
    with pytest.raises(ModelError, match="something was added"):
        load_model(path)


def test_a_foreign_onnx_file_is_told_of(tmp_path):
    (tmp_path / "foreign.onnx").write_bytes(field(2, b"pytorch"))
    with pytest.raises(ModelError, match="not made by xrayscan export"):
        load_model(tmp_path / "foreign.onnx")


def test_what_is_no_network_cannot_be_exported(tmp_path, monkeypatch, model):
    monkeypatch.setattr("xrayscan.network.export.load_predictor", lambda model, placement: object())
    with pytest.raises(ModelError, match="only networks can be exported"):
        export(model, str(tmp_path / "no.onnx"))
    with pytest.raises(ModelError, match="exported already"):
        export(dataclasses.replace(model, graph=b"graph"), str(tmp_path / "no.onnx"))

import pickle

import pytest
from small import make_model

from xrayscan import ModelError, load_model
from xrayscan.model.file import export_model
from xrayscan.model.packed import PackedModel


def test_a_packed_model_is_the_same_model_elsewhere(tmp_path):
    model = load_model(make_model(tmp_path / "small.safetensors"))
    packed = pickle.loads(pickle.dumps(PackedModel.from_model(model)))
    (tmp_path / "small.safetensors").unlink()
    assert (packed.load().fingerprint, packed.load().card) == (model.fingerprint, model.card)


def test_of_a_model_in_two_files_both_travel(tmp_path):
    model = load_model(make_model(tmp_path / "small.safetensors"))
    export_model(str(tmp_path / "graph.xml"), model, b"<net/>", b"weights")
    exported = load_model(tmp_path / "graph.xml")
    loaded = PackedModel.from_model(exported).load()
    assert (loaded.graph, loaded.weights, loaded.fingerprint) == (b"<net/>", b"weights", exported.fingerprint)


def test_a_model_that_was_changed_since_it_was_loaded_is_refused(tmp_path):
    model = load_model(make_model(tmp_path / "small.safetensors"))
    make_model(tmp_path / "small.safetensors", seed=1)
    with pytest.raises(ModelError, match="was changed"):
        PackedModel.from_model(model).load()


def test_a_model_whose_file_is_gone_is_named(tmp_path):
    model = load_model(make_model(tmp_path / "small.safetensors"))
    (tmp_path / "small.safetensors").unlink()
    with pytest.raises(ModelError, match=r"small\.safetensors is needed by the workers"):
        PackedModel.from_model(model)

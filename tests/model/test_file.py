import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file
from small import make_model

from xrayscan import ModelError, Placement, load_model, load_predictor
from xrayscan.model.file import bundled_models, read_card


def test_a_model_survives_saving_and_loading(model, model_file):
    again = load_model(model_file)
    assert again.card == model.card
    assert again.fingerprint == model.fingerprint
    assert all(np.array_equal(again.tensors[name], model.tensors[name]) for name in model.tensors)


def test_a_model_is_found_by_its_run_folder(tmp_path):
    make_model(tmp_path / "model.safetensors")
    assert load_model(str(tmp_path)).card.name == "small"


def test_models_of_different_weights_have_different_fingerprints(tmp_path, model):
    other = load_model(str(make_model(tmp_path / "other.safetensors", seed=1)))
    assert other.fingerprint != model.fingerprint


def test_the_default_model_is_bundled_and_small():
    path = bundled_models()["default"]
    card = read_card("default")
    assert card.labels == ("NORMAL", "PNEUMONIA")
    assert card.metrics["auroc"] >= 0.995
    assert card.metrics["ece"] <= 0.06  # not calibrated on these films: see the manual
    assert {"licence", "citation", "intended_use", "limits"} <= set(card.about)
    with open(path, "rb") as file:
        assert len(file.read()) <= 12e6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a model file"),
        (b"PK\x03\x04 a zip", "not a model file"),
        (pickle.dumps({"weights": [1.0]}), "not a model file"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, content, message):
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_model(str(path))


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    path = str(tmp_path / "foreign.safetensors")
    save_file({"weight": np.zeros(3, np.float32)}, path)
    with pytest.raises(ModelError, match="no model card"):
        load_model(path)


def test_an_unknown_name_is_answered_with_the_bundled_ones():
    with pytest.raises(ModelError, match="default"):
        load_model("no-such-model")


def test_weights_that_do_not_fit_the_network_are_refused(tmp_path):
    path = make_model(tmp_path / "wrong.safetensors", parameters={"side": 32, "width": 8, "blocks": 1})
    with pytest.raises(ModelError, match="do not fit"):
        load_predictor(load_model(str(path)), Placement())


def test_a_model_of_a_backend_that_is_not_installed_says_so(tmp_path):
    path = make_model(tmp_path / "foreign.safetensors", backend="not-here")
    with pytest.raises(ModelError, match="unknown backend 'not-here'"):
        load_predictor(load_model(str(path)), Placement())

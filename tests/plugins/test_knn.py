"""The KNN backend: a file of plain tensors, votes of the nearest films, on pixels or on a network's features."""

import os

import numpy as np
import pytest
from safetensors import safe_open
from small import make_model

from xrayscan import FitSettings, ModelError, Placement, TrainSettings, load_model, load_predictor, train
from xrayscan.model.parameters import parse
from xrayscan.plugin.manager import load_registry
from xrayscan.testing.backend import toy_films


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample_images):
    out = tmp_path_factory.mktemp("knn")
    settings = TrainSettings(backend="knn", parameters={"side": 24, "k": 5}, workers=0)
    return train(str(sample_images / "labelled"), str(out), settings), os.fspath(out / "model.safetensors")


def fitted(films, **parameters):
    backend = load_registry().backend("knn")
    params = parse(backend.params, {"side": 16, **parameters}, of="knn")
    spec = backend.spec(params)
    return backend.load(params, spec, backend.fit(params, spec, films, films, FitSettings()), Placement())


def test_the_model_file_holds_tensors_and_text_only(trained):
    with safe_open(trained[1], framework="np") as file:
        kinds = {name: file.get_tensor(name).dtype.name for name in file.keys()}  # noqa: SIM118
        assert list(file.metadata()) == ["xrayscan"]
    assert kinds["films"] == kinds["labels"] == "uint8"
    assert all(np.dtype(kind).kind in "uif" for kind in kinds.values())
    with open(trained[1], "rb") as file:
        assert int.from_bytes(file.read(8), "little") + 8 < os.path.getsize(trained[1])  # header, then raw numbers


def test_a_trained_file_predicts_without_the_films_it_was_made_from(trained):
    run, path = trained
    films = run.films.films(run.films.validation)
    logits = load_predictor(load_model(path), Placement()).predict(films.pixels)
    assert np.array_equal(logits, run.logits)
    assert run.model.card.metrics["auroc"] > 0.8


def test_a_film_that_was_kept_is_its_own_nearest_neighbour():
    films = toy_films(16)
    for weighting in ("uniform", "distance"):
        logits = fitted(films, k=1, weighting=weighting).predict(films.pixels)
        assert np.array_equal(logits > 0, films.labels == 1)


def test_a_unanimous_vote_is_no_certainty():
    films = toy_films(16)
    logits = fitted(films, k=3, weighting="uniform").predict(films.pixels)
    assert abs(logits).max() == pytest.approx(np.log(3.5 / 0.5), abs=1e-5)


def test_more_neighbours_than_films_are_all_asked():
    films = toy_films(16, count=6)
    logits = fitted(films, k=50, weighting="uniform").predict(films.pixels)
    assert logits == pytest.approx(np.zeros(6), abs=1e-6)


def test_features_come_from_the_network_that_is_named(trained, tmp_path):
    films = toy_films(32)
    by_model = fitted(films, features=str(make_model(tmp_path / "a.safetensors", seen=films.identities)), k=1)
    assert np.array_equal(by_model.predict(films.pixels) > 0, films.labels == 1)
    with pytest.raises(ModelError, match="no network"):
        fitted(films, features="ensemble")
    with pytest.raises(ModelError, match="gives no features"):
        fitted(films, features=trained[1])


def test_a_network_that_does_not_say_what_it_has_seen_makes_no_features(model_file):
    with pytest.raises(ModelError, match="does not say on which films"):
        fitted(toy_films(32), features=model_file)

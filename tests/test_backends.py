"""Every backend that is registered keeps the same contract."""

import dataclasses

import numpy as np
import pytest

from xrayscan import Films, FitSettings, ModelError, Placement, TrainingParams, load_model
from xrayscan.modelfile import save_model
from xrayscan.parameters import parse
from xrayscan.registry import load_registry

SMALL = {"cnn": {"side": 32, "width": 4, "blocks": 1}, "resnet18": {"side": 32}}
BACKENDS = sorted(load_registry().backends)


def toy_films(side: int, count: int = 24) -> Films:
    rng = np.random.default_rng(0)
    labels = (np.arange(count) % 2).astype(np.uint8)
    return Films((rng.integers(0, 120, (count, side, side)) + 80 * labels[:, None, None]).astype(np.uint8), labels)


@pytest.fixture(scope="module", params=BACKENDS)
def fitted(request):
    backend = load_registry().backend(request.param)
    params = parse(backend.params, SMALL.get(request.param, {}), of=request.param)
    spec = backend.spec(params)
    films = toy_films(spec.side)
    tensors = backend.fit(
        params, spec, films, films, FitSettings(TrainingParams(epochs=1, batch_size=8, augment="none"))
    )
    return backend, params, spec, films, tensors


def test_parameters_are_a_frozen_dataclass_with_defaults(fitted):
    backend = fitted[0]
    assert dataclasses.is_dataclass(backend.params)
    with pytest.raises(dataclasses.FrozenInstanceError):
        backend.params().side = 1


def test_one_finite_logit_per_film_in_their_order(fitted):
    backend, params, spec, films, tensors = fitted
    predictor = backend.load(params, spec, tensors, Placement())
    logits = predictor.predict(films.pixels)
    assert logits.shape == (len(films),)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert np.allclose(predictor.predict(films.pixels[::-1].copy())[::-1], logits, atol=1e-5)


def test_a_film_is_scored_without_regard_to_its_neighbours(fitted):
    backend, params, spec, films, tensors = fitted
    predictor = backend.load(params, spec, tensors, Placement())
    assert predictor.predict(films.pixels[3:4]) == pytest.approx(predictor.predict(films.pixels)[3:4], abs=1e-5)


def test_what_fit_returns_survives_a_model_file(fitted, tmp_path, model):
    backend, params, spec, films, tensors = fitted
    card = dataclasses.replace(
        model.card, backend=backend.name, parameters=dataclasses.asdict(params), input=spec, name=backend.name
    )
    save_model(str(tmp_path / "model.safetensors"), card, tensors)
    again = load_model(str(tmp_path)).predictor(Placement())
    before = backend.load(params, spec, tensors, Placement())
    assert np.array_equal(again.predict(films.pixels), before.predict(films.pixels))


def test_tensors_of_another_shape_are_refused(fitted):
    backend, params, spec, _, tensors = fitted
    wrong = {name: np.zeros((3, 1), np.float32) for name in tensors}
    with pytest.raises(ModelError):
        backend.load(params, spec, wrong, Placement())

"""What is promised of the default model, on real films: it ranks, and how a film is stored does not matter."""

import os

import numpy as np
import pytest

from xrayscan import Placement, ScanSettings, load_model, load_predictor, scan
from xrayscan.model.batches import predict_logits
from xrayscan.runtime.interface import has_bf16
from xrayscan.statistics.metrics import auroc
from xrayscan.training.calibrate import calibrated
from xrayscan.training.gate_examples import strange
from xrayscan.training.plan import TrainSettings
from xrayscan.training.trainer import split_films

pytestmark = pytest.mark.slow


def probabilities(paths, out, **settings):
    with scan(paths, out=str(out), settings=ScanSettings(**settings)) as worklist:
        assert worklist.exit_code == 0
        return {os.path.basename(row.source): row.probability for row in worklist.scored()}


def flagged(predictor, films):
    parts = [predictor.predict_with_unlikeness(films[at : at + 64])[1] for at in range(0, len(films), 64)]
    return np.concatenate(parts) >= predictor.unlike_from


@pytest.fixture(scope="module")
def fullsize(real_films, tmp_path_factory):
    return probabilities([str(real_films / "kermany_fullsize")], tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def validation(real_films):
    """The validation side of the split that the default model was trained with."""
    model = load_model("default")
    films = split_films(str(real_films / "kermany224"), model.card.input, TrainSettings())
    return model, films.films(films.validation)


def test_full_size_films_are_ranked_by_their_labels(fullsize, real_films):
    names = sorted(fullsize)
    labels = np.array([(real_films / "kermany_fullsize" / "PNEUMONIA" / name).exists() for name in names], int)
    assert len(names) == 150
    assert auroc(labels, np.array([fullsize[name] for name in names])) >= 0.985


def test_a_films_size_and_encoding_change_its_probability_little(fullsize, real_films, tmp_path):
    namesakes = [str(path) for path in (real_films / "kermany224").rglob("*") if path.name in fullsize]
    small = probabilities(namesakes, tmp_path)
    differences = np.array([abs(small[name] - fullsize[name]) for name in small])
    assert len(differences) == 150
    assert differences.mean() <= 0.025
    assert np.quantile(differences, 0.95) <= 0.12


def test_the_card_tells_what_validation_gives(validation):
    model, films = validation
    logits = predict_logits(load_predictor(model, Placement()), films.pixels)
    assert auroc(films.labels, logits) == pytest.approx(model.card.metrics["auroc"], abs=1e-4)


@pytest.mark.skipif(not has_bf16(), reason="this CPU has no bf16, and emulates it slowly")
def test_half_precision_keeps_probabilities_near_the_threshold(validation):
    model, films = validation
    threshold = model.card.operating_point("balanced").threshold
    full = calibrated(model.card.calibration, predict_logits(load_predictor(model, Placement()), films.pixels))
    nearest = np.argsort(abs(full - threshold))[:50]
    others = np.random.default_rng(0).choice(len(films), 100, replace=False)
    chosen = np.union1d(nearest, others)
    half = load_predictor(model, Placement(precision="bf16"))
    halved = calibrated(model.card.calibration, predict_logits(half, films.pixels[chosen]))
    assert abs(halved - full[chosen]).mean() <= 0.015
    assert abs(halved - full[chosen]).max() <= 0.08


def test_the_gate_passes_films_of_its_hospital_and_flags_what_is_none(validation):
    model, films = validation
    predictor, rng = load_predictor(model, Placement()), np.random.default_rng(0)
    assert flagged(predictor, films.pixels).mean() <= 0.015
    pictures = strange(films.pixels[:100], rng)
    for kind in ("blank", "noise", "gradient", "inverted", "rotated by 90 degrees", "drawing", "text"):
        assert flagged(predictor, pictures[kind]).mean() >= 0.97, kind
    assert flagged(predictor, pictures["upside down"]).mean() >= 0.9


def test_the_model_file_is_small():
    assert os.path.getsize(load_model("default").path) <= 12e6


def test_batches_of_1_and_of_32_agree(validation):
    model, films = validation
    predictor, some = load_predictor(model, Placement()), films.pixels[:64]
    together = calibrated(model.card.calibration, predictor.predict(some))
    alone = calibrated(model.card.calibration, np.concatenate([predictor.predict(film[None]) for film in some]))
    assert abs(together - alone).max() <= 1e-4

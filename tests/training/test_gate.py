import dataclasses

import numpy as np
import pytest

from xrayscan import FitSettings, ModelError, Placement
from xrayscan.model.capabilities import KnowsUnlike
from xrayscan.model.gate import Gate, GatedPredictor, pixel_statistics, split_gate, ungated
from xrayscan.plugin.manager import load_registry
from xrayscan.training.gate import flagged_shares, teach_gate
from xrayscan.training.gate_examples import KINDS, strange


def chests(count, seed, side=64):
    """Bright frames round two dark fields, each placed and exposed in its own way: what the gate shall know."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    films = []
    for _ in range(count):
        dx, dy, width = rng.uniform(-0.03, 0.03, 3)
        film = 0.75 - 0.1 * y
        for middle in (0.3, 0.7):
            film = film - 0.5 * np.exp(-(((x - middle - dx) / (0.13 + width / 2)) ** 4 + ((y - 0.45 - dy) / 0.28) ** 4))
        film = film + 0.2 * (y > 0.8) + rng.normal(0, 0.02, film.shape)
        films.append(np.clip(film, 0, 1) ** np.exp(rng.uniform(-0.2, 0.2)) * 255)
    return np.stack(films).astype(np.uint8)


class Plain:
    """A predictor without a network: its gate reads pixels."""

    def predict(self, pixels):
        return pixels.mean((1, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def taught():
    return teach_gate(Plain(), chests(200, 0), chests(100, 1), seed=0)


def flagged(gate, pictures):
    return (gate.unlikeness(pixel_statistics(pictures)) >= gate.unlike_from).mean()


def test_films_like_those_of_training_pass_and_other_pictures_are_flagged(taught):
    assert flagged(taught, chests(200, 2)) <= 0.05
    pictures = strange(chests(40, 3), np.random.default_rng(4))
    for kind in ("blank", "noise", "gradient", "text", "inverted", "rotated by 90 degrees"):
        assert flagged(taught, pictures[kind]) >= 0.9, kind


def test_films_from_elsewhere_are_flagged_once_they_were_taught():
    elsewhere = np.clip(chests(60, 5).astype(int) // 2 + 100, 0, 255).astype(np.uint8)[:, :, ::-1]
    bright = np.concatenate([elsewhere[:, 16:], np.repeat(elsewhere[:, -1:], 16, axis=1)], axis=1)
    gate = teach_gate(Plain(), chests(200, 0), chests(100, 1), seed=0, foreign=bright[:30])
    assert flagged(gate, bright[30:]) >= 0.9


def test_the_card_is_told_which_share_of_every_kind_is_flagged(taught):
    shares = flagged_shares(GatedPredictor(Plain(), taught), chests(40, 8), seed=0)
    assert set(shares) == {"validation films", *KINDS}
    assert shares["validation films"] <= 0.1 < 0.9 <= shares["noise"] <= 1


def test_a_gate_comes_back_from_a_model_file_as_it_was(taught):
    rest, again = split_gate({"weight": np.ones(2, np.float32), **taught.tensors()})
    assert list(rest) == ["weight"]
    films = pixel_statistics(chests(5, 6))
    assert np.array_equal(again.unlikeness(films), taught.unlikeness(films))
    assert again.taught_on == taught.taught_on


def test_a_model_without_a_gate_has_none():
    assert split_gate({"weight": np.ones(2, np.float32)})[1] is None


def test_a_damaged_gate_is_refused(taught):
    tensors = taught.tensors()
    for name in tensors:
        with pytest.raises(ModelError, match="gate is damaged"):
            split_gate({key: array for key, array in tensors.items() if key != name})
    with pytest.raises(ModelError, match="gate is damaged"):
        dataclasses.replace(taught, scale=taught.scale[1:])


def test_too_few_films_teach_no_gate():
    assert teach_gate(Plain(), chests(10, 0), chests(10, 1), seed=0) is None


def test_a_network_with_a_gate_gives_the_logits_that_it_gives_without():
    backend = load_registry().backend("cnn")
    params = backend.params(side=32, width=8)
    spec = backend.spec(params)
    network = backend.load(params, spec, backend.start(params, FitSettings()), Placement())
    films = chests(80, 0, side=32)
    gate = teach_gate(network, films[:50], films[50:], seed=0)
    assert gate.layers
    gated = GatedPredictor(network, gate)
    assert isinstance(gated, KnowsUnlike)
    logits, unlikeness = gated.predict_with_unlikeness(films)
    assert np.array_equal(logits, network.predict(films))
    assert ((unlikeness >= 0) & (unlikeness <= 1)).all()
    assert ungated(gated) is network is ungated(network)
    assert teach_gate(gated, films[:50], films[50:], seed=0).layers == gate.layers


def test_a_gate_of_another_network_is_refused(taught):
    deeper = dataclasses.replace(taught, layers=("features",))
    with pytest.raises(ModelError, match="reads features"):
        GatedPredictor(Plain(), deeper)
    with pytest.raises(ModelError, match="features"):
        taught.unlikeness(np.zeros((1, 3), np.float32))


def test_a_gate_is_a_plain_number_of_features():
    gate = Gate(np.zeros(2, np.float32), np.ones(2, np.float32), np.ones(2, np.float32), bias=0.0)
    assert gate.unlikeness(np.zeros((1, 2), np.float32)) == pytest.approx([0.5])
    assert gate.unlikeness(np.full((1, 2), 1e9, np.float32)) == pytest.approx([1.0], abs=1e-6)


def test_unlikeness_does_not_depend_on_a_films_place_in_its_batch_to_the_last_bit():
    rng = np.random.default_rng(0)
    weights = rng.standard_normal(3000).astype(np.float32)
    gate = Gate(np.zeros(3000, np.float32), np.ones(3000, np.float32), weights / 50, bias=0.0)
    features = rng.standard_normal((33, 3000)).astype(np.float32)
    whole = gate.unlikeness(features)
    assert np.array_equal(np.concatenate([gate.unlikeness(features[n : n + 1]) for n in range(33)]), whole)
    assert np.array_equal(gate.unlikeness(features[::-1])[::-1], whole)

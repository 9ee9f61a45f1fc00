import dataclasses

import numpy as np
import pytest
import torch

from xrayscan import FitSettings, InputSpec, TrainingParams
from xrayscan.model.backend import Films
from xrayscan.network.fit.augmentation import Partners, augment
from xrayscan.network.fit.loop import fit
from xrayscan.network.fit.random_draws import RandomDraws, balanced_order
from xrayscan.network.fit.soup import Soup, matching, rescale
from xrayscan.network.fit.style_transfer import blend, histogram
from xrayscan.network.fit.train_state import TrainState


def films(count=48, side=32, seed=0):
    """Films of two labels: a bright spot on the left or on the right."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.uint8) % 2
    pixels = rng.integers(40, 90, (count, side, side)).astype(np.uint8)
    for film, label in zip(pixels, labels, strict=True):
        film[8:20, 18:28] += 120 * label
    return Films(pixels, labels)


def network():
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(1, 4, 5, 4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten()
    return torch.nn.Sequential(*layers, torch.nn.Linear(16, 1))


def trained(**params):
    settings = FitSettings(TrainingParams(epochs=2, batch_size=8, ema=0.9, **params))
    return settings, fit(network(), InputSpec(32), films(), films(24, seed=1), settings)


def test_a_batch_of_the_style_recipe_trains():
    _, tensors = trained(augment="style", positive_share=0.5)
    assert all(np.isfinite(array).all() for array in tensors.values())


def test_members_are_averaged_and_training_that_goes_on_ends_with_the_same_weights():
    settings = FitSettings(TrainingParams(epochs=2, soup=2, batch_size=8, ema=0.9))
    snapshots = []
    whole = fit(
        network(),
        InputSpec(32),
        films(),
        films(24, seed=1),
        dataclasses.replace(settings, on_snapshot=snapshots.append),
    )
    assert len(snapshots) == 4
    for kept in snapshots[:3]:
        again = fit(network(), InputSpec(32), films(), films(24, seed=1), dataclasses.replace(settings, resume=kept))
        for name, array in whole.items():
            assert np.array_equal(again[name], array), name


def test_the_soup_is_the_mean_of_its_members():
    soup = Soup()
    for value in (1.0, 3.0):
        soup.add({"weight": np.full(2, value, np.float32), "count": np.array(7)}, np.zeros(1, np.float32))
    assert soup.mean()["weight"].tolist() == [2.0, 2.0]
    assert soup.mean()["count"] == 7


def test_a_soup_is_made_as_sure_as_its_members_together():
    logits = np.linspace(-2, 2, 41).astype(np.float32)
    slope, intercept = matching(logits, 1 / (1 + np.exp(-(2.0 * logits + 0.5))))
    assert (slope, intercept) == pytest.approx((2.0, 0.5), abs=1e-3)
    body = network()
    images = torch.rand(3, 1, 32, 32)
    before = body(images)
    rescale(body, slope, intercept)
    assert torch.allclose(body(images), slope * before + intercept, atol=1e-4)


def test_batches_hold_the_share_that_was_asked_for_and_rare_films_take_turns():
    labels = np.array([1] * 90 + [0] * 10)
    order = balanced_order(0, 1, labels, 10, 0.6).reshape(-1, 10)
    assert (labels[order].sum(1) == 6).all()
    rare = np.bincount(order[labels[order] == 0], minlength=100)[90:]
    assert rare.min() >= 1
    assert rare.max() - rare.min() <= 1


def test_a_film_may_take_over_the_grey_levels_of_another_and_keeps_its_own_order():
    draws = RandomDraws.from_epoch(0, 1, 1)
    whole = dataclasses.replace(draws, uniform=np.ones_like(draws.uniform))
    own, other = torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8) ** 3
    changed = histogram(own, other, whole)
    assert torch.allclose(changed.flatten().sort().values, other.flatten().sort().values, atol=1e-6)
    assert torch.equal(changed.flatten().argsort(), own.flatten().argsort())


def test_style_stays_within_grey_levels_and_leaves_the_films_alone():
    images = torch.rand(32, 1, 48, 48)
    kept = images.clone()
    others = Partners(torch.rand(32, 1, 48, 48), torch.rand(32, 1, 48, 48))
    changed = augment(images, "style", RandomDraws.from_epoch(0, 1, 32), others)
    assert torch.equal(images, kept)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_a_film_that_shows_through_never_outweighs_the_film_itself():
    draws = RandomDraws.from_epoch(0, 1, 200)
    shown = blend(torch.zeros(200, 1, 2, 2), torch.ones(200, 1, 2, 2), draws)[:, 0, 0, 0]
    assert shown.max() <= 0.5
    assert torch.allclose(shown, torch.from_numpy(draws["blend_share"][:, 0]) / 2)


def test_what_shows_through_a_film_is_always_a_film_of_its_label():
    train = Films(np.repeat(np.arange(48, dtype=np.uint8) % 2 * 255, 4).reshape(48, 2, 2), films().labels)
    state = TrainState(network(), InputSpec(32), train, FitSettings(TrainingParams(augment="style")))
    order = np.arange(48)
    others = state._partners(order, RandomDraws.from_epoch(0, 1, 48))
    assert others.kin[:, 0, 0, 0].tolist() == train.labels[order].tolist()
    assert set(others.any[:, 0, 0, 0].tolist()) == {0, 1}

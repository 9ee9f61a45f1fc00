import dataclasses

import numpy as np
import torch

from xrayscan import FitSettings, InputSpec, TrainingParams
from xrayscan.model.backend import Films
from xrayscan.network.fit.loop import fit
from xrayscan.network.fit.random_draws import RandomDraws
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


def test_what_shows_through_a_film_is_always_a_film_of_its_label():
    train = Films(np.repeat(np.arange(48, dtype=np.uint8) % 2 * 255, 4).reshape(48, 2, 2), films().labels)
    state = TrainState(network(), InputSpec(32), train, FitSettings(TrainingParams(augment="style")))
    order = np.arange(48)
    others = state._partners(order, RandomDraws.from_epoch(0, 1, 48))
    assert others.kin[:, 0, 0, 0].tolist() == train.labels[order].tolist()
    assert set(others.any[:, 0, 0, 0].tolist()) == {0, 1}

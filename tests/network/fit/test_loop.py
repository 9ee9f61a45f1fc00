import numpy as np
import pytest
import torch

from xrayscan import Films, FitSettings, InputSpec, ModelError, TrainingParams, UsageError
from xrayscan.network.architectures.cnn import CnnParams, build
from xrayscan.network.fit.loop import fit


def toy(count, seed, side=32):
    """Films that a small network learns within seconds: bright in the upper or in the lower half."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.uint8)
    pixels = rng.integers(0, 120, (count, side, side))
    pixels[labels == 1, : side // 2] += 80
    pixels[labels == 0, side // 2 :] += 80
    return Films(pixels.astype(np.uint8), labels)


def fitted(seed=0, **settings):
    torch.manual_seed(seed)
    epochs = []
    tensors = fit(
        build(CnnParams(side=32, width=4, blocks=1)),
        InputSpec(32),
        toy(160, 0),
        toy(60, 1),
        FitSettings(TrainingParams(**({"epochs": 3, "batch_size": 16} | settings)), seed, on_epoch=epochs.append),
    )
    return tensors, epochs


def test_a_network_learns_what_tells_the_labels_apart():
    _, epochs = fitted(epochs=6)
    assert epochs[-1].val_auroc > 0.95


def test_training_repeats_itself_for_a_seed_and_not_for_another():
    (one, _), (two, _), (other, _) = fitted(0), fitted(0), fitted(1)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not all(np.array_equal(one[name], other[name]) for name in one)


def test_training_stops_when_validation_no_longer_improves():
    _, epochs = fitted(epochs=30, patience=1, learning_rate=1e-9)
    assert len(epochs) < 30
    assert not epochs[-1].best


def test_training_that_diverges_says_so():
    with pytest.raises(ModelError, match="diverged in epoch 1"):
        fitted(learning_rate=1e30, optimiser="sgd")


def test_a_step_that_does_not_fit_into_memory_says_what_helps(monkeypatch):
    def full(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr("xrayscan.network.fit.train_state.TrainState._images", full)
    with pytest.raises(
        UsageError, match=r"^16 films in a step do not fit into the memory of cpu: give a smaller --batch-size"
    ):
        fitted()


@pytest.mark.parametrize("optimiser", ["adamw", "adam", "sgd", "rmsprop"])
@pytest.mark.parametrize("schedule", ["one-cycle", "cosine", "constant", "plateau"])
def test_every_optimiser_learns_under_every_schedule(optimiser, schedule):
    rate = 0.05 if optimiser == "sgd" else 0.002
    _, epochs = fitted(optimiser=optimiser, schedule=schedule, learning_rate=rate, ema=0.5)
    assert epochs[-1].val_loss < epochs[0].val_loss
    rates = [epoch.learning_rate for epoch in epochs]
    assert rates[0] > 1.5 * rates[-1] if schedule in ("one-cycle", "cosine") else rates[0] == rates[-1] == rate


def test_without_a_moving_average_the_network_itself_is_kept():
    _, epochs = fitted(ema=0.0, epochs=4)
    assert epochs[-1].val_auroc > 0.9

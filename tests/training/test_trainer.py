import dataclasses
import shutil

import numpy as np
import pytest
from small import write_labelled

from xrayscan import (
    Films,
    FitSettings,
    InputError,
    InputSpec,
    ModelError,
    TrainingParams,
    TrainSettings,
    load_model,
    scan,
    train,
)
from xrayscan.network.architectures.cnn import CnnParams, build
from xrayscan.network.fit.loop import fit
from xrayscan.training.trainer import split_films

SMALL = {"side": "32", "width": "4", "blocks": "1"}
QUICK = TrainSettings(parameters=SMALL, fit=FitSettings(TrainingParams(epochs=2, batch_size=16)), workers=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample_images):
    out = tmp_path_factory.mktemp("run")
    epochs = []
    settings = dataclasses.replace(QUICK, fit=dataclasses.replace(QUICK.fit, on_epoch=epochs.append))
    return train(str(sample_images / "labelled"), str(out), settings), out, epochs


def toy(count, seed, side=32):
    """Films that a small network learns within seconds: bright in the upper or in the lower half."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.uint8)
    pixels = rng.integers(0, 120, (count, side, side))
    pixels[labels == 1, : side // 2] += 80
    pixels[labels == 0, side // 2 :] += 80
    return Films(pixels.astype(np.uint8), labels)


def fitted(seed=0, **settings):
    import torch

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


def test_a_run_leaves_a_model_that_predicts(trained, sample_images, tmp_path):
    result, out, _ = trained
    model = load_model(str(out))
    assert model.fingerprint == result.model.fingerprint
    with scan([str(sample_images / "labelled")], model=model, out=str(tmp_path / "out")) as worklist:
        assert worklist.counts.scored == len(result.films.labels)
        assert {row.prediction for row in worklist.rows()} <= {"NORMAL", "PNEUMONIA"}


def test_the_card_tells_how_the_model_came_about(trained):
    card = trained[0].model.card
    assert card.training["films"] + card.metrics["films"] == 120
    assert card.training["seed"] == 0
    assert card.training["epochs"] == 2
    assert card.parameters["width"] == 4
    assert card.operating_points[0].name == "balanced"
    assert card.metrics["auroc_ci95"][0] <= card.metrics["auroc"] <= card.metrics["auroc_ci95"][1]


def test_no_patient_stands_on_both_sides(trained):
    films = trained[0].films
    sides = [{films.decoded.films[index].patient for index in side} for side in (films.training, films.validation)]
    assert not sides[0] & sides[1]
    assert all(sides)


def test_every_epoch_is_reported(trained):
    assert [(epoch.number, epoch.of) for epoch in trained[2]] == [(1, 2), (2, 2)]


def test_unreadable_files_are_left_out_and_listed(sample_images, tmp_path):
    folder = tmp_path / "labelled"
    for label in ("NORMAL", "PNEUMONIA"):
        (folder / label).mkdir(parents=True)
        for path in (sample_images / "labelled" / label).iterdir():
            (folder / label / path.name).symlink_to(path)
    (folder / "NORMAL" / "bad.jpeg").write_bytes(b"not a film")
    films = split_films(str(folder), InputSpec(32), QUICK)
    assert list(films.decoded.failed.values()) == ["not an image, though its name says so"]
    assert len(films.labels) == 120


def test_a_film_under_both_labels_is_told(sample_images, tmp_path):
    folder = tmp_path / "labelled"
    shutil.copytree(sample_images / "labelled", folder)
    shutil.copy(folder / "NORMAL" / "patient003-1.jpeg", folder / "PNEUMONIA" / "copy.jpeg")
    [warning] = split_films(str(folder), InputSpec(side=32), QUICK).warnings
    assert warning.startswith("1 film under both NORMAL and PNEUMONIA")
    assert "patient003-1.jpeg" in warning
    assert "copy.jpeg" in warning


def test_a_label_without_a_readable_film_is_an_error(tmp_path):
    write_labelled(tmp_path, ".jpeg", lambda n: b"not a film", 6)
    with pytest.raises(InputError, match="readable film"):
        train(str(tmp_path), str(tmp_path / "out"), QUICK)


def test_an_unknown_backend_or_parameter_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ModelError, match="unknown backend"):
        train(str(tmp_path), str(tmp_path / "out"), TrainSettings(backend="nope"))
    with pytest.raises(ModelError, match="no parameter"):
        train(str(tmp_path), str(tmp_path / "out"), TrainSettings(parameters={"sides": "64"}))

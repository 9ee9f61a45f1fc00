import dataclasses
import shutil

import pytest
from small import write_labelled

from xrayscan import (
    FitSettings,
    InputError,
    InputSpec,
    ModelError,
    Placement,
    TrainingParams,
    TrainSettings,
    load_model,
    load_predictor,
    scan,
    train,
)
from xrayscan.training.trainer import split_films

KINDS = ("fp32", "bf16")
SMALL = {"side": "32", "width": "4", "blocks": "1"}
QUICK = TrainSettings(parameters=SMALL, fit=FitSettings(TrainingParams(epochs=2, batch_size=16)), workers=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample_images):
    out = tmp_path_factory.mktemp("run")
    epochs = []
    settings = dataclasses.replace(QUICK, fit=dataclasses.replace(QUICK.fit, on_epoch=epochs.append))
    return train(str(sample_images / "labelled"), str(out), settings), out, epochs


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


def test_a_model_is_measured_as_scans_compute_whatever_training_did(sample_images, tmp_path):
    half = dataclasses.replace(QUICK, fit=dataclasses.replace(QUICK.fit, placement=Placement("cpu", "bf16")))
    trained = train(str(sample_images / "labelled"), str(tmp_path / "run"), half)
    films = trained.films
    validation = films.films(films.validation).pixels
    exact, rounded = (load_predictor(trained.model, Placement("cpu", kind)).predict(validation) for kind in KINDS)
    assert trained.logits == pytest.approx(exact, abs=1e-5)
    assert abs(trained.logits - rounded).max() > 1e-4


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

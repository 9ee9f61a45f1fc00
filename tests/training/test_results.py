"""What a run leaves, and what it must not have looked at."""

import csv
import hashlib
import json
import os
import shutil
import tomllib

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_score, roc_auc_score
from small import write_film

from xrayscan import FitSettings, FolderSettings, TrainSettings, load_model, train
from xrayscan.dataset.decoded import decode_films
from xrayscan.dataset.perceptual_hash import SPEC
from xrayscan.model.provenance import digest_rows, key_rows
from xrayscan.training.calibrate import Target

SMALL = {"side": 32, "width": 4, "blocks": 1, "epochs": 3, "batch_size": 16}
FILES = ["SHA256SUMS", "history.csv", "metrics.json", "model.safetensors", "recipe.toml", "split.csv", "training.html"]


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def ran(tmp_path_factory, sample_images):
    """A run on the drawn films and one bad file, one film twice under different names, in a folder with an odd name."""
    folder, out = tmp_path_factory.mktemp("films") / "<b>=1", tmp_path_factory.mktemp("run")
    shutil.copytree(sample_images / "labelled", folder)
    first = sorted((folder / "NORMAL").iterdir())[0]
    shutil.copy(first, folder / "NORMAL" / "patient999-1.jpeg")
    (folder / "NORMAL" / "<script>.jpeg").write_bytes(b"no film")
    settings = TrainSettings(
        parameters=SMALL, name="<i>x", workers=0, targets=(Target("sensitivity", 0.8),), fit=FitSettings(seed=3)
    )
    return train(str(folder), str(out), settings), out, folder


def test_a_run_leaves_the_files_it_says(ran):
    trained, out, _ = ran
    assert sorted(os.listdir(out)) == FILES
    assert sorted(trained.files) == sorted(str(out / name) for name in FILES)


def test_the_digests_are_those_of_the_files(ran):
    lines = [line.split("  ") for line in (ran[1] / "SHA256SUMS").read_text().splitlines()]
    assert {name: hashlib.sha256((ran[1] / name).read_bytes()).hexdigest() for name in FILES[1:]} == {
        name: digest for digest, name in lines
    }


def test_the_history_has_the_promised_columns_for_every_epoch(ran):
    rows = rows_of(ran[1] / "history.csv")
    columns = (
        "epoch,train_loss,train_accuracy,train_precision,train_recall,train_auroc,val_loss,val_accuracy,val_precision,"
        "val_recall,val_auroc,val_sensitivity,best,learning_rate,seconds"
    )
    assert ",".join(rows[0]) == columns
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[0]["learning_rate"]) > float(rows[2]["learning_rate"]) > 0


def test_no_patient_of_the_split_stands_on_both_sides_and_copies_stay_together(ran):
    _, out, _ = ran
    rows = rows_of(out / "split.csv")
    assert len(rows) == 121
    sides = {}
    for row in rows:
        sides.setdefault(row["patient"], set()).add(row["side"])
    assert {len(held) for held in sides.values()} == {1}
    assert {side for held in sides.values() for side in held} == {"training", "validation"}
    by_name = {os.path.basename(row["source"]): row["patient"] for row in rows}
    assert by_name["patient999-1.jpeg"] == by_name[sorted(by_name)[0]]
    assert all(row["patient"].isdigit() for row in rows)


def test_the_metrics_are_scikit_learns(ran):
    trained, out, _ = ran
    metrics = json.loads((out / "metrics.json").read_text())
    labels = trained.films.labels[trained.films.validation]
    probabilities = np.array([trained.model.card.calibration.probability(float(x)) for x in trained.logits])
    called = probabilities >= metrics["threshold"]
    (tn, fp), (fn, tp) = confusion_matrix(labels, called)
    assert metrics["confusion"] == {"tn": tn, "fp": fp, "fn": fn, "tp": tp}
    assert metrics["n"] == len(labels)
    assert metrics["auroc"] == pytest.approx(roc_auc_score(labels, trained.logits))
    assert metrics["accuracy"] == pytest.approx(accuracy_score(labels, called))
    assert metrics["f1"] == pytest.approx(f1_score(labels, called))
    assert metrics["precision"] == pytest.approx(precision_score(labels, called))
    assert metrics["operating_points"][-1]["name"] == "sensitivity-0.8"
    assert metrics["best_epoch"]["best"] is True


def test_the_recipe_holds_every_parameter(ran):
    recipe = tomllib.loads((ran[1] / "recipe.toml").read_text())
    assert recipe | SMALL == recipe
    assert (recipe["backend"], recipe["seed"], recipe["operating_points"]) == ("cnn", 3, ["sensitivity-0.8"])
    assert {"optimiser", "ema", "l1", "monitor", "dropout", "precision"} <= recipe.keys()


def test_the_report_shows_figures_and_films_and_escapes_what_strangers_wrote(ran):
    page = (ran[1] / "training.html").read_text()
    for words in (
        "ROC curve",
        "Precision-recall",
        "Calibration",
        "Confusion matrix",
        "threshold sweep",
        "False alarms",
    ):
        assert words in page
    assert page.count("<svg") == 11
    assert page.count("data:image/jpeg") >= 10
    assert "&lt;script&gt;.jpeg" in page
    for forbidden in ("<script", "<i>x", "<b>=1"):
        assert forbidden not in page


def test_the_model_file_knows_every_film_it_was_trained_or_tuned_on(ran):
    trained, _, _ = ran
    seen, decoded = trained.model.seen, trained.films.decoded
    assert len(seen) == 121
    assert np.array_equal(seen.digests, digest_rows(decoded.digests))
    assert np.array_equal(seen.patients, key_rows(film.patient_key for film in decoded.films))
    again = decode_films(decoded.films, SPEC, workers=0)
    assert np.flatnonzero(seen.held_out).tolist() == trained.films.validation.tolist()
    differing = np.bitwise_count(again.hashes ^ seen.hashes)
    assert (differing <= 2).mean() > 0.95  # decoded at another size


@pytest.fixture
def kaggle(tmp_path, sample_images):
    """The drawn films as train and test, each patient on one side."""
    for label in ("NORMAL", "PNEUMONIA"):
        for film in (sample_images / "labelled" / label).iterdir():
            side = "test" if int(film.name[7:10]) % 5 == 0 else "train"
            target = tmp_path / "films" / side / label / film.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(film, target)
    return tmp_path / "films"


def test_training_stopping_calibration_and_thresholds_never_see_the_test_folder(kaggle, tmp_path):
    """Other test films, or none at all, give the same model file byte for byte."""
    settings = TrainSettings(parameters=SMALL | {"patience": 1}, workers=0)
    first = train(str(kaggle), str(tmp_path / "a"), settings)
    assert not any(f"{os.sep}test{os.sep}" in row["source"] for row in rows_of(tmp_path / "a" / "split.csv"))
    assert len(first.films.labels) < 120
    for seed, film in enumerate(sorted((kaggle / "test").rglob("*.jpeg"))):
        write_film(film, seed)
    second = train(str(kaggle), str(tmp_path / "b"), settings)
    shutil.rmtree(kaggle / "test")
    third = train(str(kaggle), str(tmp_path / "c"), settings)
    assert first.model.fingerprint == second.model.fingerprint == third.model.fingerprint


def test_the_findings_name_is_kept_for_a_repetition(sample_images, tmp_path):
    folder = tmp_path / "films"
    shutil.copytree(sample_images / "labelled", folder)
    (folder / "PNEUMONIA").rename(folder / "TB")
    settings = TrainSettings(parameters=SMALL | {"epochs": 1}, folder=FolderSettings("tb"), workers=0)
    train(str(folder), str(tmp_path / "run"), settings)
    assert load_model(str(tmp_path / "run")).card.labels == ("NORMAL", "TB")
    assert tomllib.loads((tmp_path / "run" / "recipe.toml").read_text())["positive"] == "tb"

import csv
import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn import metrics as sk
from small import check_answer, make_model, write_film

from xrayscan import EvaluateSettings, InputError, InputSpec, UsageError, load_model, write_evaluation
from xrayscan.cli import main
from xrayscan.cli.evaluate import evaluate as command
from xrayscan.dataset import perceptual_hash
from xrayscan.dataset.labelled_folder import read_folder
from xrayscan.evaluation.evaluator import evaluate
from xrayscan.model.file import save_model
from xrayscan.model.provenance import Provenance
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column
from xrayscan.statistics.metrics import ece

QUICK = EvaluateSettings(workers=0, resamples=100)


def xrayscan(*words):
    return CliRunner().invoke(main, ["evaluate", *map(str, words), "--workers", "0"])


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """40 films of 30 patients, 24 of them with the finding."""
    folder = tmp_path_factory.mktemp("films")
    for n in range(40):
        patient = n if n < 20 else 20 + n // 2
        label = "PNEUMONIA" if n % 5 < 3 else "NORMAL"
        write_film(folder / label / f"patient{patient:03}-{n}.png", n)
    return folder


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    return str(make_model(tmp_path_factory.mktemp("other") / "other.safetensors", seed=3))


@pytest.fixture
def model_that_saw(tmp_path, model_file):
    """Make a model file that says which films it was trained on."""

    def make(paths, patient_keys):
        rows = [prepare({"path": str(path)}, specs=(perceptual_hash.SPEC,)) for path in paths]
        hashes = perceptual_hash.hashes(np.stack([row[pixel_column(perceptual_hash.SPEC)] for row in rows]))
        seen = Provenance.from_films([row["sha256"] for row in rows], hashes, patient_keys)
        model = load_model(model_file)
        save_model(str(tmp_path / "saw.safetensors"), model.card, model.tensors, seen)
        return str(tmp_path / "saw.safetensors")

    return make


@pytest.fixture(scope="module")
def run(labelled, model_file, other_model, tmp_path_factory):
    """Two models evaluated from the command line: result and folder."""
    out = tmp_path_factory.mktemp("run") / "evaluation"
    return xrayscan(
        labelled, "--model", model_file, "--model", other_model, "--out", out, "--prevalence", "0.1", "--json"
    ), out


def predictions(out):
    with open(out / "predictions.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_evaluate_writes_three_files_and_a_table(run):
    result, out = run
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["evaluation.html", "metrics.json", "predictions.csv"]
    check_answer(command.result, result.stdout)
    for text in ("AUROC", "balanced accuracy", "Differences to", "of the queue", "not a diagnosis", "34 patients"):
        assert text in result.stderr, text


def test_every_figure_in_metrics_json_is_scikit_learns_on_predictions_csv(run, model_file, other_model):
    metrics, rows = json.loads((run[1] / "metrics.json").read_text()), predictions(run[1])
    assert list(metrics) == [model_file, other_model]
    labels = np.array([int(row["label"]) for row in rows])
    for model, found in metrics.items():
        probabilities = np.array([float(row[f"probability {model}"]) for row in rows])
        called = probabilities >= found["threshold"]
        tn, fp, fn, tp = (int(count) for count in sk.confusion_matrix(labels, called).ravel())
        expected = {
            "n": len(rows),
            "auroc": sk.roc_auc_score(labels, probabilities),
            "auprc": sk.average_precision_score(labels, probabilities),
            "accuracy": sk.accuracy_score(labels, called),
            "balanced_accuracy": sk.balanced_accuracy_score(labels, called),
            "sensitivity": sk.recall_score(labels, called),
            "specificity": sk.recall_score(labels, called, pos_label=0),
            "precision": sk.precision_score(labels, called, zero_division=np.nan),
            "npv": sk.precision_score(labels, called, pos_label=0, zero_division=np.nan),
            "f1": sk.f1_score(labels, called),
            "brier": sk.brier_score_loss(labels, probabilities),
            "ece": ece(labels, probabilities),
        }
        for name, value in expected.items():
            assert (np.nan if found[name] is None else found[name]) == pytest.approx(value, nan_ok=True), name
        assert found["confusion"] == {"tn": tn, "fp": fp, "fn": fn, "tp": tp}
        assert found["classification_report"] == sk.classification_report(
            labels, called, target_names=["NORMAL", "PNEUMONIA"], output_dict=True, zero_division=0
        )
        assert set(found["ci95"]) == set(expected) - {"n"}


def test_the_second_model_is_compared_with_the_first(run, model_file, other_model):
    metrics = json.loads((run[1] / "metrics.json").read_text())
    gap = metrics[other_model]["difference"]
    assert metrics[model_file]["difference"] is None
    assert gap["to"] == model_file
    assert gap["auroc"] == pytest.approx(metrics[other_model]["auroc"] - metrics[model_file]["auroc"])
    assert gap["ci95"]["auroc"][0] <= gap["auroc"] <= gap["ci95"]["auroc"][1]


def test_patients_are_numbers_that_keep_films_together(run):
    rows = predictions(run[1])
    patient = {re.search(r"patient\d+", row["source"])[0]: set() for row in rows}
    for row in rows:
        patient[re.search(r"patient\d+", row["source"])[0]].add(row["patient"])
    assert {row["patient"] for row in rows} == {str(n) for n in range(1, 35)}
    assert min(int(row["patient"]) for row in rows) == 1


def test_probabilities_are_those_of_a_scan(run, labelled, model_file, tmp_path):
    out = tmp_path / "triage"
    assert CliRunner().invoke(main, ["predict", str(labelled), "--model", model_file, "--out", str(out)]).exit_code == 0
    scanned = [json.loads(line) for line in (out / "triage.jsonl").read_text().splitlines()]
    expected = {row["source"]: row["probability"] for row in scanned}
    assert {row["source"]: float(row[f"probability {model_file}"]) for row in predictions(run[1])} == expected


def test_the_page_stands_alone_and_shows_curves_and_films(run):
    page = (run[1] / "evaluation.html").read_text()
    assert page.count("<svg") >= 3 + 2 * 2
    assert "data:image/jpeg;base64," in page
    assert "Not a diagnosis" in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "where 10.0 % of films have PNEUMONIA" in page


def test_films_a_model_has_seen_are_refused_with_counts(labelled, model_that_saw, tmp_path):
    films = sorted((labelled / "NORMAL").iterdir())
    model = model_that_saw(films[:3], ["patient003"])
    result = xrayscan(labelled, "--model", model, "--out", tmp_path / "o")
    assert result.exit_code == 3
    assert result.stderr.startswith("xrayscan: ")
    assert "trained on 3 of these films (3 by content, 3 by perceptual hash" in result.stderr
    assert "--allow-overlap" in result.stderr
    assert not (tmp_path / "o").exists()


def test_films_that_were_resized_and_re_encoded_are_recognised(labelled, model_that_saw, tmp_path):
    films = sorted((labelled / "NORMAL").iterdir())
    model = model_that_saw(films, [])
    for label in ("NORMAL", "PNEUMONIA"):
        (tmp_path / "again" / label).mkdir(parents=True)
    for n, film in enumerate(films):
        Image.open(film).resize((224, 224)).save(tmp_path / "again" / "NORMAL" / f"{n}.jpg", quality=70)
    write_film(tmp_path / "again" / "PNEUMONIA" / "new.png", 999)
    with pytest.raises(InputError, match=r"\(0 by content") as error:
        evaluate([model], read_folder(str(tmp_path / "again")), "again", QUICK)
    assert int(re.search(r"(\d+) by perceptual hash", str(error.value))[1]) >= 0.8 * len(films)


def test_overlap_that_is_allowed_is_stated_everywhere(labelled, model_that_saw, tmp_path):
    model = model_that_saw(sorted((labelled / "NORMAL").iterdir())[:3], [])
    result = xrayscan(labelled, "--model", model, "--out", tmp_path / "o", "--allow-overlap")
    assert result.exit_code == 0
    [found] = json.loads((tmp_path / "o" / "metrics.json").read_text()).values()
    assert found["overlap"] == {"films": 3, "by_digest": 3, "by_hash": 3, "by_patient": 0}
    assert "Invalid evaluation" in found["warnings"][0]
    assert "Invalid evaluation" in (tmp_path / "o" / "evaluation.html").read_text()
    assert "Invalid evaluation" in result.stderr


def test_films_a_model_has_not_seen_are_evaluated_without_a_warning(labelled, model_that_saw, tmp_path):
    model = model_that_saw([write_film(tmp_path / "other.png", 999)], ["person1_virus"])
    evaluation = evaluate([model], read_folder(str(labelled)), str(labelled), QUICK)
    assert evaluation.models[0].overlap.films == 0
    assert evaluation.unseen
    assert evaluation.warnings == evaluation.films.folder.warnings


def test_a_model_that_does_not_say_what_it_saw_is_warned_about(run):
    assert "overlap could not be checked" in run[0].stderr
    assert "overlap could not be checked" in (run[1] / "evaluation.html").read_text()


def test_a_film_under_both_labels_is_warned_about(tmp_path, model_file):
    for n in range(4):
        write_film(tmp_path / ("NORMAL", "PNEUMONIA")[n % 2] / f"{n}.png", n)
    shutil.copy(tmp_path / "NORMAL" / "0.png", tmp_path / "PNEUMONIA" / "again.png")
    warnings = evaluate(model_file, read_folder(str(tmp_path)), tmp_path, QUICK).warnings
    assert any("1 film under both NORMAL and PNEUMONIA: one of the labels is wrong" in text for text in warnings)


def test_a_model_of_another_finding_is_warned_about(labelled, tmp_path):
    model = str(make_model(tmp_path / "tb.safetensors", labels=("CLEAR", "TB")))
    evaluation = evaluate([model], read_folder(str(labelled)), str(labelled), QUICK)
    assert any("looks for TB, but the folder's label is PNEUMONIA" in warning for warning in evaluation.warnings)


def test_films_unlike_training_are_counted_in_a_warning(labelled):
    warnings = evaluate("default", read_folder(str(labelled)), labelled, QUICK).warnings
    assert any("films (100%) are unlike those that default was trained on" in warning for warning in warnings)


def test_unreadable_films_are_left_out_and_listed(labelled, model_file, tmp_path):
    shutil.copytree(labelled, tmp_path / "films")
    (tmp_path / "films" / "NORMAL" / "=bad<b>.png").write_bytes(b"no film")
    result = xrayscan(tmp_path / "films", "--model", model_file, "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    assert "not an image, though its name says so" in result.stderr
    [found] = json.loads((tmp_path / "o" / "metrics.json").read_text()).values()
    assert (found["n"], found["unreadable"]) == (40, 1)
    page = (tmp_path / "o" / "evaluation.html").read_text()
    assert "=bad&lt;b&gt;.png" in page
    assert "<b>" not in page


def test_a_label_without_a_readable_film_is_an_error(model_file, tmp_path):
    write_film(tmp_path / "NORMAL" / "a.png", 1)
    (tmp_path / "PNEUMONIA").mkdir()
    (tmp_path / "PNEUMONIA" / "a.png").write_bytes(b"no film")
    result = xrayscan(tmp_path, "--model", model_file, "--out", tmp_path / "o")
    assert result.exit_code == 3
    assert "PNEUMONIA" in result.stderr


def test_what_is_doubtful_about_the_folder_is_said(labelled, model_file, tmp_path):
    for label, count in (("NORMAL", 2), ("PNEUMONIA", 12)):
        (tmp_path / "few" / label).mkdir(parents=True)
        for film in sorted((labelled / label).iterdir())[:count]:
            shutil.copy(film, tmp_path / "few" / label)
    result = xrayscan(tmp_path / "few", "--model", model_file, "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    assert "NORMAL has only 2 films" in result.stderr
    assert "NORMAL has only 2 films" in (tmp_path / "o" / "evaluation.html").read_text()


def test_of_a_folder_in_splits_only_test_is_evaluated(labelled, model_file, tmp_path):
    for split, films in (("train", slice(0, 5)), ("test", slice(5, 12))):
        for label in ("NORMAL", "PNEUMONIA"):
            (tmp_path / "kaggle" / split / label).mkdir(parents=True)
            for film in sorted((labelled / label).iterdir())[films]:
                shutil.copy(film, tmp_path / "kaggle" / split / label)
    folder = read_folder(str(tmp_path / "kaggle"))
    counts = {}
    for split in (None, "train", "all"):
        settings = dataclasses.replace(QUICK, split=split)
        counts[split] = len(evaluate([model_file], folder, "kaggle", settings).films.films)
    assert counts == {None: 14, "train": 10, "all": 24}
    with pytest.raises(InputError, match="--split all"):
        evaluate([model_file], folder, "kaggle", dataclasses.replace(QUICK, split="val"))


def test_a_model_given_twice_is_refused(labelled, model_file):
    with pytest.raises(UsageError, match="twice"):
        evaluate([model_file, model_file], read_folder(str(labelled)), str(labelled), QUICK)


def test_the_same_evaluation_leaves_the_same_bytes(labelled, model_file, tmp_path):
    for name in ("one", "two"):
        write_evaluation(evaluate([model_file], read_folder(str(labelled)), "films", QUICK), str(tmp_path / name))
    for name in ("metrics.json", "predictions.csv", "evaluation.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.slow
def test_real_films_of_another_size_and_encoding_are_refused(real_films, model_that_saw):
    small, full = (read_folder(str(real_films / name)) for name in ("kermany224", "kermany_fullsize"))
    model = model_that_saw([film.path for film in small.films], [film.patient_key for film in small.films])
    with pytest.raises(InputError, match=r"\(0 by content") as error:
        evaluate([model], full, "full", QUICK)
    by_hash, by_patient = (int(re.search(rf"(\d+) by {way}", str(error.value))[1]) for way in ("perc", "patient"))
    assert by_hash >= 140  # of 150, decoded for a model of 32 px; for one of 128 px it is 146
    assert by_patient == 150


def test_a_second_evaluation_takes_the_films_from_the_cache_and_says_the_same(
    labelled, model_file, tmp_path, monkeypatch
):
    shutil.copytree(labelled, tmp_path / "films")
    (tmp_path / "films" / "NORMAL" / "broken.png").write_bytes(b"no film")
    boxed = str(make_model(tmp_path / "boxed.safetensors", input=InputSpec(32, resize="letterbox")))
    cached = dataclasses.replace(QUICK, cache=tmp_path / "cache")
    folder = read_folder(str(tmp_path / "films"))

    def found(models, settings):
        evaluation = evaluate(models, folder, tmp_path / "films", settings)
        answers = [model.probabilities.tolist() for model in evaluation.models]
        return answers, [film.path for film in evaluation.films.films], evaluation.films.failed

    plain = found([model_file, boxed], QUICK)
    assert len(plain[2]) == 1
    assert found([model_file], cached)[0] == plain[0][:1]
    assert found([model_file, boxed], cached) == plain
    monkeypatch.setattr("xrayscan.dataset.decoded.read", lambda *_, **__: pytest.fail("films are decoded again"))
    assert found([model_file, boxed], cached) == plain


def test_films_of_one_patient_alone_are_refused_since_their_intervals_would_have_no_width(tmp_path, model_file):
    for n, label in enumerate(("NORMAL", "PNEUMONIA")):
        write_film(tmp_path / "films" / label / f"{n}.png", n)
    (tmp_path / "labels.csv").write_text("path,label,ward\nNORMAL/0.png,NORMAL,3\nPNEUMONIA/1.png,PNEUMONIA,3\n")
    words = ["--labels", tmp_path / "labels.csv", "--patient-column", "ward", "--out", tmp_path / "out"]
    ended = xrayscan(tmp_path / "films", "--model", model_file, *words)
    assert ended.exit_code == 3
    assert "all films are of one patient" in ended.stderr

"""`xrayscan calibrate`: the same weights with a site's thresholds; refused where the model knows the films."""

import csv
import json
import os
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from small import check_answer, make_model

from xrayscan import load_model
from xrayscan.cli import main
from xrayscan.cli.calibrate import calibrate as command
from xrayscan.model.file import save_model
from xrayscan.model.provenance import Provenance

OTHER = Provenance.from_films(["ab" * 32], np.array([0xAAAA5555AAAA5555], np.uint64), ())


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A model that says which films it has seen: none of those here."""
    folder = tmp_path_factory.mktemp("known")
    model = load_model(os.fspath(make_model(folder / "plain.safetensors")))
    save_model(os.fspath(folder / "model.safetensors"), model.card, model.tensors, OTHER)
    return os.fspath(folder / "model.safetensors")


def run(*words):
    return CliRunner().invoke(main, ["calibrate", *map(str, words), "--device", "cpu", "--workers", "0"])


@pytest.fixture(scope="module")
def done(known, sample_images, tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site.safetensors"
    result = run(sample_images / "labelled", "--model", known, "--out", out, "--cost-missed", 20, "--json")
    assert result.exit_code == 0, result.output
    check_answer(command.result, result.stdout)
    return out, result.stderr


def test_the_weights_are_the_same_and_the_calibration_is_the_sites(done, known):
    old, new = load_model(known), load_model(os.fspath(done[0]))
    assert old.tensors.keys() == new.tensors.keys()
    assert all(np.array_equal(old.tensors[name], new.tensors[name]) for name in old.tensors)
    assert new.card.calibration != old.card.calibration
    assert new.card.calibration.slope > 0
    assert new.card.name == "small at a site"
    assert new.card.prevalence == 0.5
    assert [point.name for point in new.card.operating_points] == [
        *("balanced", "sensitivity-0.99", "specificity-0.99", "lowest-cost")
    ]
    assert new.card.operating_point("lowest-cost").threshold == pytest.approx(1 / 20)
    assert (new.card.metrics["films"], new.card.metrics["patients"]) == (120, 60)
    assert len(new.seen) == 121


def test_before_and_after_and_what_more_certainty_takes_are_told(done):
    told = " ".join(done[1].split())
    assert "(cost: 20 a missed case, 1 a film read)" in told
    for words in ("Calibrated on 120 films", "Before and after", "ECE", "lowest-cost", "films to know sensitivity"):
        assert words in told, words


def test_before_is_what_evaluate_tells_of_the_same_films_and_the_model_is_named_next(known, sample_images, tmp_path):
    """Both compute as a scan does, whatever else the hardware is fast at."""
    out, films = tmp_path / "site.safetensors", sample_images / "labelled"
    result = run(films, "--model", known, "--out", out, "--json")
    before = json.loads(result.stdout)["before"]
    words = ("evaluate", films, "--model", known, "--workers", "0", "--device", "cpu", "--out", tmp_path / "e")
    assert CliRunner().invoke(main, [*map(str, words)]).exit_code == 0
    [found] = json.loads((tmp_path / "e" / "metrics.json").read_text()).values()
    assert before == {name: found[name] for name in before}
    assert f"--model {known} --model {out}" in result.stderr


def test_every_threshold_is_in_the_table(done):
    with open(str(done[0]).replace(".safetensors", "-thresholds.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 50
    assert all(int(row["found"]) + int(row["missed"]) == 60 for row in rows)
    assert all(float(row["cost"]) == 20 * int(row["missed"]) + int(row["read"]) for row in rows)
    reads = [int(row["read"]) for row in rows]
    assert reads == sorted(reads, reverse=True)


def test_an_exported_model_stays_one_and_scores(known, sample_images, tmp_path):
    pytest.importorskip("onnxruntime")
    exported, films = tmp_path / "known.onnx", sample_images / "labelled"
    assert CliRunner().invoke(main, ["export", known, "--out", str(exported)]).exit_code == 0
    for model, out in ((exported, "site.safetensors"), (known, "site.onnx"), (known, "site.XML")):
        refused = run(films, "--model", model, "--out", tmp_path / out)
        assert refused.exit_code == 2
        assert "end its name in ." in refused.stderr
        assert not (tmp_path / out).exists()
    result = run(films, "--model", exported, "--out", tmp_path / "site.onnx")
    assert result.exit_code == 0, result.output
    site, plain = load_model(os.fspath(tmp_path / "site.onnx")), load_model(os.fspath(exported))
    assert site.graph == plain.graph
    assert site.card.calibration != plain.card.calibration
    assert len(site.seen) == 121
    words = ("predict", films, "--model", tmp_path / "site.onnx", "--workers", "0", "--out", tmp_path / "o")
    scanned = CliRunner().invoke(main, [*map(str, words), "--format", "csv"])
    assert scanned.exit_code == 0, scanned.output
    assert "--out site.onnx" in scanned.stderr


def test_a_cost_of_reading_alone_is_refused_not_ignored(known, sample_images, tmp_path):
    result = run(sample_images / "labelled", "--model", known, "--out", tmp_path / "s.safetensors", "--cost-read", 5)
    assert result.exit_code == 2
    assert "--cost-missed as well" in result.stderr


def test_films_that_the_model_has_seen_are_refused_and_so_are_those_that_calibrated_it(done, sample_images, tmp_path):
    result = run(sample_images / "labelled", "--model", done[0], "--out", tmp_path / "again.safetensors")
    assert result.exit_code == 3
    assert "was trained or tuned on 120 of these films" in result.stderr
    assert not (tmp_path / "again.safetensors").exists()
    evaluated = CliRunner().invoke(
        main, ["evaluate", str(sample_images / "labelled"), "--model", str(done[0]), "--workers", "0"]
    )
    assert evaluated.exit_code == 3


def test_a_model_that_does_not_say_what_it_has_seen_is_refused(model_file, sample_images, tmp_path):
    result = run(sample_images / "labelled", "--model", model_file, "--out", tmp_path / "site.safetensors")
    assert result.exit_code == 4
    assert "does not say on which films" in result.stderr


def test_too_few_films_are_refused_with_what_is_needed(known, sample_images, tmp_path):
    for label in ("NORMAL", "PNEUMONIA"):
        (tmp_path / "few" / label).mkdir(parents=True)
        for path in sorted((sample_images / "labelled" / label).iterdir())[:8]:
            shutil.copy(path, tmp_path / "few" / label)
    result = run(tmp_path / "few", "--model", known, "--out", tmp_path / "site.safetensors")
    assert result.exit_code == 3
    assert "16 readable films" in result.stderr
    assert "30 films or more" in result.stderr


def test_a_csv_of_labels_is_taken_too_and_nothing_is_overwritten(known, sample_images, tmp_path):
    lines = [
        f"{path},{label}"
        for label in ("NORMAL", "PNEUMONIA")
        for path in (sample_images / "labelled" / label).iterdir()
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    assert run(tmp_path / "labels.csv", "--model", known, "--out", tmp_path / "site.safetensors").exit_code == 0
    before = (tmp_path / "site.safetensors").read_bytes()
    assert run(tmp_path / "labels.csv", "--model", known, "--out", tmp_path / "site.safetensors").exit_code == 2
    assert (tmp_path / "site.safetensors").read_bytes() == before
    assert (
        run(tmp_path / "labels.csv", "--model", known, "--out", tmp_path / "site.safetensors", "--overwrite").exit_code
        == 0
    )
    assert (tmp_path / "site.safetensors").read_bytes() == before  # the same films give the same model


def test_a_model_that_cannot_tell_these_films_apart_is_said_to_be_of_no_use(done, known):
    assert load_model(known).card.name == "small"  # untrained: its order means nothing
    assert "no calibration mends that" in " ".join(done[1].split())

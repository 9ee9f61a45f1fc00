"""Figures by style, or by a column of the label CSV: what a model is worth in each group of films."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from small import film_pixels

from xrayscan.cli import main
from xrayscan.evaluation.groups import FEWEST, Groups, figures_by_group
from xrayscan.statistics.metrics import Resampler, auroc, ece


def xrayscan(*words):
    return CliRunner().invoke(main, ["evaluate", *map(str, words), "--workers", "0"])


@pytest.fixture(scope="module")
def two_styles(tmp_path_factory):
    """60 films: 30 grainy ones, 24 with the finding; 30 smooth ones, 6 with PNEUMONIA; and a CSV that names sites."""
    folder = tmp_path_factory.mktemp("films")
    with open(folder / "labels.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "Site", "number"])
        for n in range(60):
            grainy, found = n < 30, n % 30 < (24 if n < 30 else 6)
            grain = np.kron(np.random.default_rng(n).normal(96, 80, (8, 9)), np.ones((8, 8))) if grainy else 0
            film = np.clip(film_pixels(n) / (4 if grainy else 1) + grain, 0, 255)
            label = "PNEUMONIA" if found else "NORMAL"
            path = folder / label / f"film{n:02}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(film.astype(np.uint8)).save(path)
            site = "<b>ward 3</b>" if grainy else ("" if n % 2 else "=ward 4")
            writer.writerow([f"{label}/film{n:02}.png", label, site, n])
    return folder


@pytest.fixture(scope="module")
def by_style(two_styles, model_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "evaluation"
    return xrayscan(two_styles, "--model", model_file, "--out", out, "--by", "style", "--styles", "2"), out


def grouped(out):
    (found,) = json.loads((out / "metrics.json").read_text()).values()
    with open(out / "predictions.csv", newline="", encoding="utf-8") as file:
        return found, list(csv.DictReader(file))


def test_films_that_look_alike_are_found_without_labels(by_style):
    result, out = by_style
    assert result.exit_code == 0, result.output
    _, rows = grouped(out)
    grainy = {row["group"] for row in rows if int(row["source"][-6:-4]) < 30}
    smooth = {row["group"] for row in rows if int(row["source"][-6:-4]) >= 30}
    assert sorted(grainy | smooth) == ["style 1", "style 2"]
    assert not grainy & smooth


def test_every_figure_of_a_group_is_that_of_its_films_alone(by_style):
    found, rows = grouped(by_style[1])
    assert [row["films"] for row in found["by"]["groups"]] == [30, 30]
    for group in found["by"]["groups"]:
        inside = [row for row in rows if row["group"] == group["name"]]
        labels = np.array([int(row["label"]) for row in inside])
        probabilities = np.array([float(row["probability"]) for row in inside])
        flagged = probabilities >= found["threshold"]
        assert group["with_finding"] == labels.sum()
        assert group["ece"] == pytest.approx(ece(labels, probabilities))
        for name, share in (("sensitivity", flagged[labels == 1]), ("specificity", ~flagged[labels == 0])):
            enough = len(share) >= FEWEST
            assert group[name] == (pytest.approx(share.mean()) if enough else None)
            assert (name in group["ci95"]) == enough
        assert group["auroc"] is None  # six films of one label are no basis for it
    known = [group["specificity"] for group in found["by"]["groups"] if group["specificity"] is not None]
    assert found["by"]["mean"]["specificity"] == pytest.approx(np.mean(known))
    assert found["by"]["worst"]["ece"]["value"] == max(group["ece"] for group in found["by"]["groups"])
    assert "auroc" not in found["by"]["mean"]


def test_a_mean_over_groups_is_no_surer_than_the_groups_are():
    """Two groups of 12 films that are all cleared do not prove a specificity of 100 %."""
    labels = np.repeat([0, 1, 0, 1], 12).astype(np.uint8)
    groups = Groups("site", ("a", "b"), np.repeat([0, 1], 24))
    resampler = Resampler.from_patients(np.arange(48))
    found = figures_by_group(groups, labels, labels.astype(float), 0.5, resampler)
    each = [row.figures.intervals["specificity"][0] for row in found.groups]
    low, high = found.mean.intervals["specificity"]
    assert high == found.mean.values["specificity"] == 1
    assert max(each) < low < 0.9  # of two groups more is known than of one, of 24 films not everything
    alone = figures_by_group(Groups("site", ("a",), np.zeros(48, int)), labels, labels.astype(float), 0.5, resampler)
    for name, bounds in alone.groups[0].figures.intervals.items():
        assert alone.mean.intervals[name] == pytest.approx(bounds), name


def test_terminal_and_page_say_where_films_are_too_few(by_style):
    result, out = by_style
    for text in ("by style", "too few", "mean", "worst", "(style"):
        assert text in " ".join(result.stderr.split()), text
    page = (out / "evaluation.html").read_text(encoding="utf-8")
    assert "too few films: 6 without PNEUMONIA" in page
    assert "too few films: 6 with PNEUMONIA" in page
    assert page.count('alt="film of NORMAL') == page.count('alt="film of PNEUMONIA') == 6  # of two styles


def test_a_column_of_the_label_csv_groups_films_too(two_styles, model_file, tmp_path):
    words = (two_styles, "--model", model_file, "--labels", two_styles / "labels.csv", "--by", "SITE")
    result = xrayscan(*words, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found, rows = grouped(tmp_path / "out")
    assert {group["name"]: group["films"] for group in found["by"]["groups"]} == {
        "(empty)": 15,
        "<b>ward 3</b>": 30,
        "=ward 4": 15,
    }
    assert {row["group"] for row in rows} == {"(empty)", "<b>ward 3</b>", "'=ward 4"}
    assert "<b>ward" not in (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("column", "told"), [("view", "site"), ("number", "60 groups")])
def test_a_column_that_groups_nothing_is_refused_before_the_work(two_styles, model_file, tmp_path, column, told):
    words = (two_styles, "--model", model_file, "--labels", two_styles / "labels.csv", "--by", column)
    result = xrayscan(*words, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert told in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_poor_in_one_group_is_told_by_mean_and_worst_group():
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 200)
    number = np.repeat([0, 1], 200)
    good = np.clip(0.25 + 0.5 * labels + rng.normal(0, 0.1, 400), 0, 1)
    probabilities = np.where(number == 0, good, rng.random(400))
    groups = Groups("site", ("a", "b"), number)
    found = figures_by_group(groups, labels, probabilities, 0.5, Resampler.from_patients(np.arange(400), resamples=200))
    assert {row.name for row in found.worst.values()} == {"b"}
    known = [auroc(labels[number == n], probabilities[number == n]) for n in (0, 1)]
    assert found.mean.values["auroc"] == pytest.approx(np.mean(known))
    low, high = found.mean.intervals["auroc"]
    assert low < np.mean(known) < high < auroc(labels[number == 0], probabilities[number == 0])


def test_groups_and_intervals_are_those_of_the_seed(two_styles, model_file, by_style, tmp_path):
    xrayscan(two_styles, "--model", model_file, "--out", tmp_path / "again", "--by", "style", "--styles", "2")
    assert grouped(tmp_path / "again") == grouped(by_style[1])

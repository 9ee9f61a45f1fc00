import numpy as np
import pytest
from sklearn import metrics as sk

from xrayscan.evaluation.figures import (
    at_prevalence,
    at_threshold,
    classification_report,
    difference,
    joined,
    ranked,
    reading_queue,
    sweep,
)
from xrayscan.statistics.metrics import Resampler


def films(count, seed, slope=1.0):
    """Labels that probabilities predict, well calibrated where the slope is 1."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.5, 2, count)
    labels = (rng.uniform(size=count) < 1 / (1 + np.exp(-slope * logits))).astype(np.uint8)
    return labels, 1 / (1 + np.exp(-logits))


@pytest.fixture(scope="module")
def some():
    labels, probabilities = films(400, 0)
    return labels, probabilities, Resampler.from_patients(np.arange(400) // 2, resamples=200)


def test_every_figure_is_scikit_learns(some):
    labels, probabilities, resampler = some
    called = probabilities >= 0.4
    figures = {**ranked(*some).values, **at_threshold(labels, probabilities, 0.4, resampler).values}
    assert figures == pytest.approx(
        {
            "auroc": sk.roc_auc_score(labels, probabilities),
            "auprc": sk.average_precision_score(labels, probabilities),
            "brier": sk.brier_score_loss(labels, probabilities),
            "ece": figures["ece"],
            "accuracy": sk.accuracy_score(labels, called),
            "balanced_accuracy": sk.balanced_accuracy_score(labels, called),
            "sensitivity": sk.recall_score(labels, called),
            "specificity": sk.recall_score(labels, called, pos_label=0),
            "precision": sk.precision_score(labels, called),
            "npv": sk.precision_score(labels, called, pos_label=0),
            "f1": sk.f1_score(labels, called),
        }
    )


def test_every_interval_holds_its_figure(some):
    labels, probabilities, resampler = some
    for figures in (ranked(*some), at_threshold(labels, probabilities, 0.4, resampler)):
        for name, value in figures.values.items():
            low, high = figures.intervals[name]
            assert 0 <= low < value < high <= 1, name


def test_intervals_cover_the_truth_about_as_often_as_they_claim():
    labels, probabilities = films(1_000_000, 1, slope=0.6)
    none = Resampler.from_patients(np.zeros(len(labels), int), resamples=1)
    truth = {**ranked(labels, probabilities, none).values, **at_threshold(labels, probabilities, 0.5, none).values}
    covered = dict.fromkeys(truth, 0)
    for seed in range(80):
        labels, probabilities = films(300, 2 + seed, slope=0.6)
        resampler = Resampler.from_patients(np.arange(300), seed=seed, resamples=200)
        intervals = {
            **ranked(labels, probabilities, resampler).intervals,
            **at_threshold(labels, probabilities, 0.5, resampler).intervals,
        }
        for name, (low, high) in intervals.items():
            covered[name] += low <= truth[name] <= high
    assert min(covered.values()) >= 70, covered  # 76 expected of 80


def test_films_of_few_patients_give_wider_intervals():
    labels, probabilities = (np.repeat(values, 10) for values in films(60, 3))
    widths = [
        np.diff(ranked(labels, probabilities, Resampler.from_patients(patients)).intervals["auroc"])[0]
        for patients in (np.arange(600) // 10, np.arange(600))
    ]
    assert widths[0] > 2 * widths[1]


def test_a_perfect_model_keeps_honest_bounds():
    labels = np.repeat([0, 1], 50).astype(np.uint8)
    resampler = Resampler.from_patients(np.arange(100))
    intervals = {
        **at_threshold(labels, labels.astype(float), 0.5, resampler).intervals,
        **ranked(labels, labels.astype(float), resampler).intervals,
    }
    for name in ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "npv", "f1", "auroc"):
        low, high = intervals[name]
        assert 0.9 < low < 0.97, name
        assert high == 1


def test_a_model_that_calls_nothing_has_no_precision(some):
    labels, probabilities, resampler = some
    figures = at_threshold(labels, probabilities, 1.0, resampler)
    assert np.isnan(figures.values["precision"])
    assert figures.values["sensitivity"] == 0


def test_differences_are_paired(some):
    labels, probabilities, resampler = some
    other = np.clip(probabilities + np.random.default_rng(1).normal(0, 0.02, 400), 0, 1)
    one, two = ranked(labels, probabilities, resampler), ranked(labels, other, resampler)
    gap = difference(one, two)
    assert gap.values["auroc"] == one.values["auroc"] - two.values["auroc"]
    assert np.diff(gap.intervals["auroc"]) < np.diff(one.intervals["auroc"]) / 3
    low, high = difference(one, one).intervals["auroc"]
    assert low <= 0 <= high
    assert high - low < 0.02


def test_two_models_that_are_perfect_on_few_films_are_not_proven_equal():
    labels = np.repeat([0, 1], 20).astype(np.uint8)
    resampler = Resampler.from_patients(np.arange(40))
    one, two = (
        joined(ranked(labels, said, resampler), at_threshold(labels, said, 0.5, resampler))
        for said in (labels * 0.8 + 0.1, labels * 0.9 + 0.05)
    )
    gap = difference(one, two)
    for name in ("auroc", "accuracy", "balanced_accuracy", "sensitivity", "specificity"):
        low, high = gap.intervals[name]
        assert gap.values[name] == 0, name
        assert low < -0.05 < 0.05 < high, name
    for side, own in zip(gap.intervals["sensitivity"], (-1, 1), strict=True):
        assert side == pytest.approx(own * (1 - one.intervals["sensitivity"][0]))  # 20 of 20: 84 to 100 %


def test_differences_of_shares_cover_the_truth_where_few_films_differ():
    """Four films that one of two models alone finds, of a hundred, prove nothing (McNemar's exact test: p = 0.125)."""
    labels = np.repeat([1, 0], 100).astype(np.uint8)
    resampler = Resampler.from_patients(np.arange(200))
    all_found, four_missed = labels.astype(float), labels.astype(float)
    four_missed[:4] = 0
    one, two = (at_threshold(labels, said, 0.5, resampler) for said in (all_found, four_missed))
    low, high = difference(one, two).intervals["sensitivity"]
    assert low < 0 < 0.04 < high
    four_missed[:20] = 0
    assert difference(one, at_threshold(labels, four_missed, 0.5, resampler)).intervals["sensitivity"][0] > 0.1


def test_ppv_and_npv_at_the_films_own_prevalence_are_theirs(some):
    labels, probabilities, resampler = some
    figures = at_threshold(labels, probabilities, 0.4, resampler)
    same = at_prevalence(figures, float(labels.mean())).values
    assert same == pytest.approx({"ppv": figures.values["precision"], "npv": figures.values["npv"]})
    rare = at_prevalence(figures, 0.01)
    sensitivity, specificity = figures.values["sensitivity"], figures.values["specificity"]
    assert rare.values["ppv"] == pytest.approx(0.01 * sensitivity / (0.01 * sensitivity + 0.99 * (1 - specificity)))
    assert rare.intervals["ppv"][0] < rare.values["ppv"] < rare.intervals["ppv"][1]


def test_a_perfect_order_reads_the_median_finding_in_the_middle_of_the_findings():
    labels = np.repeat([0, 1, 0, 1], 50).astype(np.uint8)
    resampler = Resampler.from_patients(np.arange(200), resamples=50)
    queue = reading_queue(labels, labels * 0.8, resampler, seed=0)
    assert queue.values["sorted"] == pytest.approx(0.25, abs=0.003)
    assert queue.values["arrival"] == pytest.approx(0.5, abs=0.01)
    rare = reading_queue(labels, labels * 0.8, resampler, seed=0, prevalence=0.1)
    assert rare.values["sorted"] == pytest.approx(0.05, abs=0.001)
    assert rare.values["gain"] == pytest.approx(0.45, abs=0.01)
    assert rare.intervals["sorted"][0] <= rare.values["sorted"] <= rare.intervals["sorted"][1]


def test_the_sweep_and_the_report_agree_with_the_figures(some):
    labels, probabilities, resampler = some
    [row] = [row for row in sweep(labels, probabilities) if row["threshold"] == 0.4]
    expected = at_threshold(labels, probabilities, 0.4, resampler).values
    assert {name: row[name] for name in expected} == expected
    report = classification_report(labels, probabilities >= 0.4, ("CLEAR", "TB"), as_dict=True)
    assert report["TB"]["recall"] == pytest.approx(expected["sensitivity"])
    assert "CLEAR" in classification_report(labels, probabilities >= 0.4, ("CLEAR", "TB"), as_dict=False)

import math

import numpy as np
import pytest

from xrayscan.statistics.metrics import Resampler, auprc, auroc, brier, ece, percentiles, sensitivity, specificity

LABELS = np.array([0, 0, 1, 1, 1])
PROBABILITIES = np.array([0.1, 0.6, 0.4, 0.7, 0.9])


def test_sensitivity_and_specificity_count_at_or_above_the_threshold():
    assert sensitivity(LABELS, PROBABILITIES, 0.7) == pytest.approx(2 / 3)
    assert specificity(LABELS, PROBABILITIES, 0.6) == pytest.approx(1 / 2)


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    pairs = [(p, n) for p in PROBABILITIES[2:] for n in PROBABILITIES[:2]]
    assert auroc(LABELS, PROBABILITIES) == pytest.approx(np.mean([p > n for p, n in pairs]))


def test_auroc_without_one_label_is_no_number():
    assert math.isnan(auroc(np.ones(3, int), np.array([0.1, 0.2, 0.3])))


def test_probabilities_that_come_true_have_no_calibration_error():
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(size=100_000)
    labels = (rng.uniform(size=100_000) < probabilities).astype(int)
    assert ece(labels, probabilities) < 0.01
    assert ece(labels, np.clip(probabilities + 0.2, 0, 1)) > 0.15
    assert brier(labels, probabilities) == pytest.approx(1 / 6, abs=0.01)


def test_a_resample_draws_patients_with_all_their_films():
    patients = np.array([0, 0, 0, 1, 2, 2])
    [counts] = Resampler.from_patients(patients, seed=1, resamples=20).weights()
    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 4] == counts[:, 5]).all()
    assert (counts[:, [0, 3, 4]].sum(1) == 3).all()


def test_metrics_of_a_resample_are_those_of_its_films_drawn_so_often():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 80), rng.integers(0, 20, 80) / 20  # with ties
    resampler = Resampler.from_patients(rng.integers(0, 30, 80), seed=2, resamples=100)  # more than a block
    aurocs, auprcs = resampler.aurocs(labels, scores), resampler.auprcs(labels, scores)
    squares = resampler.totals((scores - labels) ** 2) / resampler.totals(np.ones(80))
    drawn = np.concatenate(list(resampler.weights())).astype(int)
    for n in (0, 1, 70, 99):
        films = np.repeat(np.arange(80), drawn[n])
        assert aurocs[n] == pytest.approx(auroc(labels[films], scores[films]))
        assert auprcs[n] == pytest.approx(auprc(labels[films], scores[films]))
        assert squares[n] == pytest.approx(brier(labels[films], scores[films]))


def test_resamples_without_a_label_are_left_out_of_the_interval():
    resampler = Resampler.from_patients(np.arange(3), seed=0, resamples=200)
    values = resampler.aurocs(np.array([0, 0, 1]), np.array([0.1, 0.2, 0.3]))
    assert np.isnan(values).any()
    assert percentiles(values) == (1.0, 1.0)


def test_films_of_few_patients_give_a_wider_interval_than_films_of_many():
    rng = np.random.default_rng(0)
    hits = np.repeat(rng.uniform(size=40) < 0.8, 10)
    few, many = Resampler.from_patients(np.repeat(np.arange(40), 10)), Resampler.from_patients(np.arange(400))
    width = {name: np.diff(r.share(hits, np.ones(400, bool)))[0] for name, r in (("few", few), ("many", many))}
    assert width["few"] > 1.5 * width["many"]


def test_a_perfect_share_keeps_an_honest_lower_bound():
    low, high = Resampler.from_patients(np.arange(50)).share(np.ones(50, bool), np.ones(50, bool))
    assert high == 1.0
    assert low == pytest.approx(0.929, abs=0.002)  # Wilson, 50 of 50


def test_intervals_cover_the_truth_about_as_often_as_they_claim():
    rng, truth, covered = np.random.default_rng(0), 0.8, 0
    for seed in range(100):
        hits = rng.uniform(size=120) < truth
        low, high = Resampler.from_patients(np.arange(120), seed=seed, resamples=200).share(hits, np.ones(120, bool))
        covered += low <= truth <= high
    assert covered >= 90

"""Calibration and thresholds from few films: no film changes its place, and few films move little."""

import numpy as np
import pytest

from xrayscan.calibration.certainty import films_needed
from xrayscan.calibration.costs import Costs, cheapest, every_threshold, lines
from xrayscan.calibration.fit import fit_site, targets_of, thresholds
from xrayscan.model.calibration import Calibration, logit, sigmoid
from xrayscan.statistics.metrics import Resampler, wilson
from xrayscan.training.calibrate import calibrated

OLD = Calibration(2.0, -1.0)


def films(count, shift=0.0, seed=0):
    """Raw logits and labels whose true calibration is OLD, moved by ``shift``."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.5, 2, count)
    chance = 1 / (1 + np.exp(-(OLD.slope * logits + OLD.intercept + shift)))
    return logits, (rng.random(count) < chance).astype(np.uint8)


def test_many_films_find_the_truth_and_few_stay_near_the_old_calibration():
    logits, labels = films(5000, shift=-2.0)
    found = fit_site(OLD, logits, labels)
    assert (found.slope, found.intercept) == pytest.approx((2.0, -3.0), abs=0.25)
    one_of_each = fit_site(OLD, np.array([-1.0, 1.0]), np.array([0, 1], np.uint8))
    assert (one_of_each.slope, one_of_each.intercept) == pytest.approx((2.0, -1.0), abs=0.7)


def test_films_that_are_told_apart_perfectly_or_backwards_keep_the_order_and_finite_numbers():
    logits, labels = np.linspace(-3, 3, 50), (np.arange(50) >= 25).astype(np.uint8)
    for answers in (labels, 1 - labels):
        found = fit_site(OLD, logits, answers)
        assert found.slope > 0
        assert np.isfinite([found.slope, found.intercept]).all()
        assert (np.diff(calibrated(found, logits)) > 0).all()


def test_thresholds_are_what_calibrated_probabilities_call_for():
    logits, labels = films(20000)
    probabilities = calibrated(OLD, logits)
    found = thresholds(
        probabilities, targets_of(["balanced", "sensitivity-0.95", "specificity-0.9", "mine"]), Costs(9, 1)
    )
    assert list(found) == ["balanced", "sensitivity-0.95", "specificity-0.9", "lowest-cost"]
    assert found["balanced"] == pytest.approx(sigmoid(logit(labels.mean()) / 2), abs=0.01)
    assert np.mean(probabilities[labels == 1] >= found["sensitivity-0.95"]) == pytest.approx(0.95, abs=0.01)
    assert np.mean(probabilities[labels == 0] < found["specificity-0.9"]) == pytest.approx(0.9, abs=0.01)
    assert found["lowest-cost"] == pytest.approx(1 / 9)


def test_the_table_counts_what_every_threshold_finds_misses_and_costs():
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9])
    at = every_threshold(probabilities)
    table = lines(labels, probabilities, at, Resampler.from_patients(np.arange(4)), Costs(missed=10, read=1))
    assert at == pytest.approx([0.05, 0.25, 0.5, 0.75, 0.95])
    assert [(line.found, line.missed, line.read, line.cost) for line in table] == [
        (2, 0, 4, 4),
        (2, 0, 3, 3),
        (1, 1, 2, 12),
        (1, 1, 1, 11),
        (0, 2, 0, 20),
    ]
    assert cheapest(table).threshold == 0.25


def test_films_needed_give_the_width_asked_for():
    for width in (0.1, 0.03):
        films = films_needed(0.9, width, films_per_hit=1.0)
        low, high = wilson(0.9, films)
        assert (high - low) / 2 <= width
        low, high = wilson(0.9, films - 1)
        assert (high - low) / 2 > width
    assert films_needed(0.9, 0.05, films_per_hit=4.0) == 4 * films_needed(0.9, 0.05, films_per_hit=1.0)

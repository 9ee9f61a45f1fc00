import numpy as np
import pytest

from xrayscan import UsageError
from xrayscan.statistics.metrics import Resampler, ece, sensitivity, specificity
from xrayscan.training.calibrate import Target, calibrated, cross_fitted, fit_platt, operating_points


@pytest.fixture(scope="module")
def validation():
    """Raw logits whose true calibration is slope 0.5, intercept 1."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 5, 4000)
    labels = (rng.uniform(size=4000) < 1 / (1 + np.exp(-(0.5 * logits + 1)))).astype(np.uint8)
    return logits, labels


def test_slope_and_intercept_are_recovered(validation):
    calibration = fit_platt(*validation)
    assert calibration.slope == pytest.approx(0.5, abs=0.05)
    assert calibration.intercept == pytest.approx(1, abs=0.15)


def test_cross_fitted_probabilities_are_calibrated(validation):
    logits, labels = validation
    assert ece(labels, cross_fitted(logits, labels, np.arange(4000), 0)) < 0.03


def test_labels_that_a_logit_separates_keep_probabilities_off_0_and_1():
    logits, labels = np.array([-3.0, -2, -1, 1, 2, 3]), np.array([0, 0, 0, 1, 1, 1], np.uint8)
    probabilities = calibrated(fit_platt(logits, labels), logits)
    assert probabilities.min() > 0.001
    assert probabilities.max() < 0.999


def test_operating_points_keep_what_their_names_promise(validation):
    logits, labels = validation
    probabilities = calibrated(fit_platt(logits, labels), logits)
    points = {
        p.name: p
        for p in operating_points(labels, probabilities, Resampler.from_patients(np.arange(4000), resamples=50))
    }
    assert next(iter(points)) == "balanced"
    for target in (0.95, 0.99):
        for kind, reached in (("sensitivity", sensitivity), ("specificity", specificity)):
            threshold = points[f"{kind}-{target}"].threshold
            assert target <= reached(labels, probabilities, threshold) < target + 0.005
    best = points["balanced"]
    youden = best.sensitivity + best.specificity
    grid = np.linspace(0.01, 0.99, 99)
    assert youden >= max(sensitivity(labels, probabilities, t) + specificity(labels, probabilities, t) for t in grid)


def test_an_operating_points_interval_holds_its_estimate(validation):
    logits, labels = validation
    probabilities = calibrated(fit_platt(logits, labels), logits)
    for point in operating_points(labels, probabilities, Resampler.from_patients(np.arange(4000), resamples=200)):
        assert point.sensitivity_ci95[0] <= point.sensitivity <= point.sensitivity_ci95[1]
        assert point.specificity_ci95[0] <= point.specificity <= point.specificity_ci95[1]


def test_an_operating_point_of_ones_own_is_added_under_its_name(validation):
    logits, labels = validation
    probabilities = calibrated(fit_platt(logits, labels), logits)
    asked = (Target.parse("sensitivity=0.98"), Target.parse("specificity=0.5"))
    points = operating_points(labels, probabilities, Resampler.from_patients(np.arange(4000), resamples=50), asked)
    by_name = {point.name: point for point in points}
    assert list(by_name)[-2:] == ["sensitivity-0.98", "specificity-0.5"]
    assert 0.98 <= by_name["sensitivity-0.98"].sensitivity < 0.985
    assert 0.5 <= by_name["specificity-0.5"].specificity < 0.505


@pytest.mark.parametrize("text", ["sensitivity", "sensitivity=2", "sensitivity=nan", "accuracy=0.9", "specificity=x"])
def test_an_operating_point_that_cannot_be_meant_is_refused(text):
    with pytest.raises(UsageError, match=r"sensitivity-0\.98"):
        Target.parse(text)

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from xrayscan.training.measure import measure

RNG = np.random.default_rng(0)
LABELS = np.arange(200, dtype=np.uint8) % 2
LOGITS = (RNG.normal(size=200) + 2.0 * LABELS).astype(np.float32) * 3
PATIENTS = np.arange(200) // 2


def test_discrimination_is_scikit_learns_and_lies_in_its_interval():
    metrics = measure(LOGITS, LABELS, PATIENTS, seed=0).metrics
    assert metrics["auroc"] == pytest.approx(roc_auc_score(LABELS, LOGITS))
    low, high = metrics["auroc_ci95"]
    assert low < metrics["auroc"] < high
    assert (metrics["films"], metrics["patients"], metrics["with_finding"]) == (200, 100, 100)


def test_twelve_films_in_perfect_order_do_not_prove_a_perfect_model():
    """As `xrayscan evaluate` tells it: six films of a label, all found, prove 61 % at least (Wilson)."""
    labels = np.arange(12, dtype=np.uint8) % 2
    metrics = measure(labels * 4.0 - 2, labels, np.arange(12), seed=0).metrics
    assert metrics["auroc"] == metrics["auprc"] == 1
    for name in ("auroc_ci95", "auprc_ci95"):
        assert metrics[name] == pytest.approx((0.6097, 1.0), abs=1e-3), name


def test_logits_that_are_too_sure_are_calibrated():
    assert measure(LOGITS, LABELS, PATIENTS, seed=0).calibration.slope < 1


def test_a_model_of_balanced_batches_keeps_its_logits_and_flags_at_one_half():
    measured = measure(LOGITS, LABELS, PATIENTS, seed=0, balanced=True)
    assert (measured.calibration.slope, measured.calibration.intercept) == (1.0, 0.0)
    assert measured.operating_points[0].threshold == 0.5

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score

from xrayscan import TrainingParams
from xrayscan.network.fit.early_stopping import EarlyStopping, epoch_metrics, sensitivity_at

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 200)
LOGITS = RNG.normal(LABELS, 1).astype(np.float32)


def test_the_figures_of_an_epoch_are_those_of_scikit_learn():
    called = LOGITS >= 0
    expected = {
        "val_accuracy": accuracy_score(LABELS, called),
        "val_precision": precision_score(LABELS, called),
        "val_recall": recall_score(LABELS, called),
        "val_auroc": roc_auc_score(LABELS, LOGITS),
    }
    assert epoch_metrics("val", LABELS, LOGITS) == pytest.approx(expected)


def test_a_precision_without_a_film_called_is_0():
    assert epoch_metrics("val", LABELS, LOGITS - 99)["val_precision"] == 0


def test_sensitivity_is_read_at_a_specificity_and_not_won_by_calling_all():
    found = sensitivity_at(0.95, LABELS, LOGITS)
    thresholds = np.concatenate([LOGITS, [np.inf]])
    reached = [(LOGITS[LABELS == 1] >= t).mean() for t in thresholds if (LOGITS[LABELS == 0] < t).mean() >= 0.95]
    assert found == pytest.approx(max(reached))
    assert sensitivity_at(0.95, LABELS, np.ones(200)) == 0


@pytest.mark.parametrize(
    ("monitor", "values", "best"),
    [("val_loss", (0.5, 0.4, 0.6, 0.4), 2), ("val_auroc", (0.5, float("nan"), 0.6, 0.6), 3)],
)
def test_the_first_of_the_best_epochs_is_kept(monitor, values, best):
    watched = EarlyStopping(TrainingParams(monitor=monitor))
    for number, value in enumerate(values, 1):
        watched.better(number, {monitor: value})
    assert watched.best_number == best


def test_patience_counts_epochs_since_the_best():
    watched = EarlyStopping(TrainingParams(monitor="val_loss", patience=2))
    watched.better(1, {"val_loss": 1.0})
    assert not watched.given_up(2)
    assert watched.given_up(3)

"""Watch a training run: the figures of an epoch, which epoch is the best, and when to stop."""

import math
from typing import Any

import numpy as np

from xrayscan.model.backend import TrainingParams
from xrayscan.statistics.metrics import Floats, Labels, auroc

SPECIFICITY = 0.95  # at which the sensitivity of an epoch is read


def epoch_metrics(side: str, labels: Labels, logits: Floats) -> dict[str, float]:
    """Accuracy, precision and recall at a logit of 0, and AUROC, of logits (N,); named ``{side}_accuracy`` and so on.

    A precision without a film flagged is 0, as scikit-learn has it.
    """
    flagged, positive = logits >= 0, labels == 1
    hits = int((flagged & positive).sum())
    return {
        f"{side}_accuracy": float((flagged == positive).mean()),
        f"{side}_precision": hits / max(1, int(flagged.sum())),
        f"{side}_recall": hits / max(1, int(positive.sum())),
        f"{side}_auroc": auroc(labels, logits),
    }


def sensitivity_at(specificity: float, labels: Labels, logits: Floats) -> float:
    """The highest sensitivity of any threshold that clears at least this share of the negative films."""
    negative = np.sort(logits[labels == 0])
    must_clear = math.ceil(specificity * len(negative))
    above = negative[must_clear - 1] if must_clear else -math.inf
    return float((logits[labels == 1] > above).mean())


class EarlyStopping:
    """Remembers the best epoch by one figure of validation; an epoch without a finite figure is never the best."""

    def __init__(self, params: TrainingParams, best: float = math.nan, best_number: int = 0) -> None:
        self._sign = -1 if params.monitor == "val_loss" else 1
        self._name, self._patience = params.monitor, params.patience
        self.best, self.best_number = best, best_number

    def better(self, number: int, values: dict[str, Any]) -> bool:
        """Take over an epoch's figures; whether they are better than any before."""
        value = float(values[self._name])
        better = math.isfinite(value) and (math.isnan(self.best) or self._sign * (value - self.best) > 0)
        if better:
            self.best, self.best_number = value, number
        return better

    def given_up(self, number: int) -> bool:
        """Whether patience has run out after this epoch."""
        return number - self.best_number >= self._patience

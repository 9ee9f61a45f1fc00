"""From raw logits to probabilities, and from one prevalence to another."""

import math
from dataclasses import dataclass
from typing import ClassVar

from xrayscan.errors import ModelError
from xrayscan.model.card_check import STRICT


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling: calibrated logit = slope * logit + intercept. A higher logit never means a lower probability.

    Source: Platt, "Probabilistic outputs for support vector machines" (1999).
    Raises: ModelError for numbers that would turn the order round, or are none.
    """

    slope: float = 1.0
    intercept: float = 0.0

    __pydantic_config__: ClassVar = STRICT

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf and math.isfinite(self.intercept)):
            raise ModelError(
                f"a calibration of slope {self.slope} and intercept {self.intercept}: the slope has to be above 0, and "
                "both have to be numbers"
            )

    def probability(self, logit: float) -> float:
        """The calibrated probability, in [0, 1], of one raw logit; NaN for a logit that is infinite or no number."""
        return sigmoid(self.slope * logit + self.intercept) if math.isfinite(logit) else math.nan


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-logit)) without overflow; NaN stays NaN."""
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    return math.exp(logit) / (1 + math.exp(logit))


def logit(probability: float) -> float:
    """Return log(p / (1 - p)); -inf at 0 and inf at 1."""
    if probability <= 0:
        return -math.inf
    if probability >= 1:
        return math.inf
    return math.log(probability) - math.log1p(-probability)


def shift_prevalence(probability: float, *, trained: float, clinic: float) -> float:
    """Move a calibrated probability from the training prevalence to a clinic's, by Bayes' rule.

    Source: Saerens, Latinne, Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities",
    Neural Computation 14 (2002), equation 4; here on the logit scale.
    """
    return sigmoid(logit(probability) + logit(clinic) - logit(trained))

"""A model's probability as a user reads it: at the clinic's prevalence, in its tier, called or not.

Tiers and thresholds are the model's own: the same number means different things by two models.
"""

from dataclasses import dataclass
from typing import Literal

from xrayscan.model.calibration import shift_prevalence
from xrayscan.model.card import ModelCard, OperatingPoint

Tier = Literal["high", "unlike", "intermediate", "low", ""]  # unlike: training films, so that no tier means much


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the tiers and the prediction change: probabilities as shown, so at the clinic's prevalence if given."""

    low: float  # below: the tier is low
    high: float  # at or above: the tier is high
    predicted: float  # at or above: the positive label
    point: OperatingPoint | None  # the card's point behind ``predicted``; None where the user gave the threshold


class TierScale:
    """One model's card, read at a clinic's ``prevalence`` and with a ``threshold`` for what is shown, where given.

    Every ``stored`` probability is calibrated and at the training prevalence.
    """

    def __init__(self, card: ModelCard, prevalence: float | None = None, threshold: float | None = None) -> None:
        self.card = card
        self.low, self.high = _tier_limits(card)  # of stored probabilities
        self._prevalence, self._threshold = prevalence, threshold
        self._point = _default_point(card)

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds as shown."""
        low, high, default = map(self.shown, (self.low, self.high, self._point.threshold))
        if self._threshold is None:
            return Thresholds(low, high, default, self._point)
        return Thresholds(low, high, self._threshold, None)

    @property
    def high_point(self) -> OperatingPoint:
        """The operating point at which the tier high begins."""
        return next(point for point in self.card.operating_points if point.threshold == self.high)

    def shown(self, stored: float) -> float:
        """The probability at the clinic's prevalence."""
        if self._prevalence is None:
            return stored
        return shift_prevalence(stored, trained=self.card.prevalence, clinic=self._prevalence)

    # The card's thresholds are compared before the shift, so that no rounding can move a film across one.
    def tier(self, stored: float) -> Tier:
        """Which part of the reading order the film belongs to."""
        if stored < self.low:
            return "low"
        return "high" if stored >= self.high else "intermediate"

    def prediction(self, stored: float) -> str:
        """The card's label that the probability calls."""
        if self._threshold is None:
            return self.card.labels[stored >= self._point.threshold]
        return self.card.labels[self.shown(stored) >= self._threshold]


def _default_point(card: ModelCard) -> OperatingPoint:
    """Return "balanced", or else the point whose sensitivity and specificity add up highest."""
    named = {point.name: point for point in card.operating_points}
    best = max(card.operating_points, key=lambda point: point.sensitivity + point.specificity)
    return named.get("balanced", best)


def _tier_limits(card: ModelCard) -> tuple[float, float]:
    """Return where ``low`` ends and ``high`` begins, in this order even where the two points cross.

    A card without "sensitivity-0.99" or "specificity-0.99" gives its most sensitive or most specific point instead.
    """
    named = {point.name: point for point in card.operating_points}
    most_sensitive = max(card.operating_points, key=lambda point: (point.sensitivity, -point.threshold))
    most_specific = max(card.operating_points, key=lambda point: (point.specificity, point.threshold))
    sensitive = named.get("sensitivity-0.99", most_sensitive).threshold
    specific = named.get("specificity-0.99", most_specific).threshold
    return min(sensitive, specific), max(sensitive, specific)

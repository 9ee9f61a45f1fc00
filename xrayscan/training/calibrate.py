"""Calibration and operating points, fitted on validation films only."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from xrayscan.errors import UsageError
from xrayscan.model.calibration import Calibration, logit
from xrayscan.model.card import OperatingPoint
from xrayscan.statistics.logistic import fit_shares
from xrayscan.statistics.metrics import Floats, Labels, Resampler, sensitivity, specificity

FOLDS = 5
LEAST_SLOPE = 1e-3


@dataclass(frozen=True, slots=True)
class Target:
    """An operating point to be chosen on validation: the threshold that keeps one share and is best for the other."""

    kept: Literal["sensitivity", "specificity"]
    share: float  # in (0, 1)

    @property
    def name(self) -> str:
        """The operating point's name on the card, such as ``sensitivity-0.98``."""
        return f"{self.kept}-{self.share:g}"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read a point's name, such as ``sensitivity-0.98``, or ``sensitivity=0.98``. Raises: UsageError."""
        kept, _, value = text.replace("=", "-", 1).partition("-")
        try:
            share = float(value)
        except ValueError:
            share = math.nan
        if kept not in ("sensitivity", "specificity") or not 0 < share < 1:
            raise UsageError(f"operating point {text!r}: write sensitivity-0.98 or specificity-0.9, between 0 and 1")
        return cls(cast(Literal["sensitivity", "specificity"], kept), share)


TARGETS = tuple(Target(kept, share) for kept in ("sensitivity", "specificity") for share in (0.95, 0.99))


def fit_platt(logits: Floats, labels: Labels) -> Calibration:
    """Fit slope and intercept on raw logits (N,) by maximum likelihood, with Platt's smoothed targets.

    Logits that say the opposite of the labels get the least slope there is, so that every film has about the same
    probability: the order that a network gives is never turned round behind its back.

    Class weights move a network's intercept, which a temperature alone cannot undo.
    Source: Platt, "Probabilistic outputs for support vector machines" (1999), section 2.2.
    """
    # Smoothed targets: each film counts for its label and, a little, for the other one.
    positive, negative = labels.sum(), (1 - labels).sum()
    target = np.where(labels == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    slope, intercept = fit_shares(logits, target)
    if slope < LEAST_SLOPE:  # the best slope that does not turn the order round is the least; the mean decides the rest
        slope, intercept = LEAST_SLOPE, logit(float(target.mean())) - LEAST_SLOPE * float(logits.mean())
    return Calibration(slope, intercept)


def calibrated(calibration: Calibration, logits: Floats) -> npt.NDArray[np.float64]:
    """Turn raw logits (N,) into calibrated probabilities (N,)."""
    return np.array([calibration.probability(float(logit)) for logit in logits])


def cross_fitted(logits: Floats, labels: Labels, groups: npt.NDArray[np.intp], seed: int) -> npt.NDArray[np.float64]:
    """Calibrated probabilities (N,) in which no film helped to fit its own calibration: what ECE is measured on.

    With fewer films of a label than there are folds, there are as many folds as films; two films each are the least.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    probabilities = np.empty(len(logits))
    folds = min(FOLDS, int(np.bincount(labels, minlength=2).min()))
    for rest, held_out in StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(logits, labels, groups):
        probabilities[held_out] = calibrated(fit_platt(logits[rest], labels[rest]), logits[held_out])
    return probabilities


def operating_points(
    labels: Labels,
    probabilities: Floats,
    resampler: Resampler,
    targets: Iterable[Target] = (),
    *,
    weights: Floats | None = None,
    middle: float | None = None,
) -> tuple[OperatingPoint, ...]:
    """Choose thresholds on validation films: balanced (Youden's J, the default), `TARGETS`, then ``targets``.

    With ``weights`` (N,) of the films, the shares that choose are weighted; those that the points tell are not.
    ``middle`` is the threshold of "balanced" where that is given, not chosen.
    """
    thresholds, sens, spec = _curve(labels, probabilities, np.ones(len(labels)) if weights is None else weights)
    chosen = {"balanced": thresholds[_middle_of_best(sens + spec)] if middle is None else middle}
    for target in (*TARGETS, *targets):
        kept = thresholds[(sens if target.kept == "sensitivity" else spec) >= target.share]
        chosen[target.name] = kept.max() if target.kept == "sensitivity" else kept.min()
    return tuple(_point(name, float(t), labels, probabilities, resampler) for name, t in chosen.items())


def _curve(labels: Labels, probabilities: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Thresholds half-way between neighbouring probabilities, and the sensitivity and specificity at each."""
    values = np.unique(probabilities)
    thresholds = np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2, [(1 + values[-1]) / 2]])
    below = [_below(thresholds, probabilities[labels == label], weights[labels == label]) for label in (0, 1)]
    return thresholds, 1 - below[1], below[0]


def _below(thresholds: Floats, probabilities: Floats, weights: Floats) -> Floats:
    """Which share of probabilities (N,), by weight (N,), lies below each threshold."""
    order = np.argsort(probabilities)
    sums = np.concatenate([[0.0], np.cumsum(weights[order], dtype=np.float64)])
    return np.asarray(sums[np.searchsorted(probabilities[order], thresholds)] / sums[-1])


def _middle_of_best(values: Floats) -> int:
    best = np.flatnonzero(np.isclose(values, values.max()))
    return int(best[len(best) // 2])


def _point(name: str, threshold: float, labels: Labels, probs: Floats, resampler: Resampler) -> OperatingPoint:
    flagged = probs >= threshold
    return OperatingPoint(
        name,
        threshold,
        sensitivity(labels, probs, threshold),
        specificity(labels, probs, threshold),
        resampler.share(flagged, labels == 1),
        resampler.share(~flagged, labels == 0),
    )

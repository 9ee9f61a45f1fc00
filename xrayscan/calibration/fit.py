"""Calibration and thresholds from few films: the old calibration is the starting point, and films move it.

Fifty films separate nearly always, so that plain Platt scaling would make every probability 0 or 1, and the best
threshold would be that of chance. So the fit is penalised towards the calibration of the model, and thresholds are
those that the calibrated probabilities themselves call for: nothing is chosen by what it reaches on the films.
"""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from xrayscan.calibration.costs import Costs
from xrayscan.model.calibration import Calibration, logit, sigmoid
from xrayscan.statistics.metrics import Floats, Labels
from xrayscan.training.calibrate import Target

STEEPNESS, SHIFT = (
    0.5,
    3.0,
)  # standard deviations of the prior: of the logarithm of the slope's factor, and of the shift
ROUNDING = 1e-9  # of a share


def fit_site(old: Calibration, logits: Floats, labels: Labels) -> Calibration:
    """Return the calibration that raw logits (N,) and labels (N,) call for, starting from the model's ``old`` one.

    Maximum a posteriori of slope = e^s * old slope and intercept = e^s * old intercept + t, with s ~ N(0, 0.5^2) and
    t ~ N(0, 3^2): the slope stays above 0, so that no film changes its place.
    Source: Murphy, "Machine Learning: A Probabilistic Perspective" (2012), section 8.3.6 (Gaussian priors).
    """
    from scipy.optimize import minimize

    known = old.slope * logits.astype(np.float64) + old.intercept

    def loss(at: npt.NDArray[np.float64]) -> float:
        shown = np.exp(at[0]) * known + at[1]
        unlikely = np.logaddexp(0, shown) - labels * shown
        return float(unlikely.sum() + (at[0] / STEEPNESS) ** 2 / 2 + (at[1] / SHIFT) ** 2 / 2)

    steep, shift = minimize(loss, np.zeros(2), method="BFGS").x
    factor = math.exp(float(steep))
    return Calibration(factor * old.slope, factor * old.intercept + float(shift))


def thresholds(probabilities: Floats, targets: Iterable[Target], costs: Costs | None) -> dict[str, float]:
    """Return the threshold of each operating point that calibrated probabilities (N,) call for, by its name.

    ``balanced``: half-way, in logits, between 0.5, where errors are fewest if the probabilities hold, and their mean,
    where sensitivity and specificity add up highest.
    A target: the threshold at which the probabilities themselves expect that share. ``lowest-cost``, where ``costs``
    of a missed case and of a film read are given: read where the chance of a case outweighs the reading.
    """
    chosen = {"balanced": sigmoid(logit(float(probabilities.mean())) / 2)}
    for target in targets:
        chosen[target.name] = _expected(probabilities, target)
    if costs is not None:
        chosen["lowest-cost"] = min(costs.read / costs.missed, 1.0)
    return chosen


def _expected(probabilities: Floats, target: Target) -> float:
    """The threshold at which calibrated probabilities expect a target's share, half-way between two films."""
    ordered = np.sort(probabilities.astype(np.float64))
    mass = ordered if target.kept == "sensitivity" else 1 - ordered
    below = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()  # share of the label that lies below each film
    edges = np.concatenate([[ordered[0] / 2], (ordered[1:] + ordered[:-1]) / 2, [(1 + ordered[-1]) / 2]])
    if target.kept == "sensitivity":
        return float(edges[np.flatnonzero(1 - below >= target.share - ROUNDING)[-1]])
    return float(edges[np.flatnonzero(below >= target.share - ROUNDING)[0]])


def targets_of(names: Iterable[str]) -> list[Target]:
    """Return those of a card's operating points that keep a share, by their names."""
    found = []
    for name in names:
        kept, _, share = name.partition("-")
        if kept in ("sensitivity", "specificity") and share:
            found.append(Target.parse(f"{kept}={share}"))
    return found

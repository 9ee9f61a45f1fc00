"""A site's calibration and thresholds, fitted to all films, and judged on each film by a fit that did not know it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.calibration.costs import Costs
from xrayscan.calibration.fit import fit_site, targets_of, thresholds
from xrayscan.dataset.split import Indices
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import ModelCard
from xrayscan.statistics.metrics import Floats, Labels
from xrayscan.training.calibrate import calibrated

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fitted:
    """What N films came to. ``held_out`` and ``flagged``: by fits that knew neither the film nor its patient."""

    calibration: Calibration
    thresholds: dict[str, float]  # by operating point
    held_out: Floats  # (N,): calibrated probabilities
    flagged: dict[str, npt.NDArray[np.bool_]]  # (N,), by operating point: whether the threshold was reached


def fit_and_judge(
    card: ModelCard, logits: Floats, labels: Labels, groups: Indices, *, costs: Costs | None, seed: int
) -> Fitted:
    """Fit raw logits (N,) to labels (N,) of patients (N,), starting from the ``card`` and keeping its points' names."""
    from sklearn.model_selection import StratifiedGroupKFold

    targets = targets_of(point.name for point in card.operating_points)

    def one(of: npt.NDArray[np.intp]) -> tuple[Calibration, dict[str, float]]:
        calibration = fit_site(card.calibration, logits[of], labels[of])
        return calibration, thresholds(calibrated(calibration, logits[of]), targets, costs)

    calibration, limits = one(np.arange(len(logits)))
    held_out = np.empty(len(logits))
    flagged = {name: np.empty(len(logits), bool) for name in limits}
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for rest, fold in splitter.split(logits, labels, groups):
        other, others = one(rest)
        held_out[fold] = calibrated(other, logits[fold])
        for name, limit in others.items():
            flagged[name][fold] = held_out[fold] >= limit
    return Fitted(calibration, limits, held_out, flagged)

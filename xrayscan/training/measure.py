"""What a model is worth on its validation films: calibration, operating points and metrics with intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xrayscan.dataset.split import Indices
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import OperatingPoint
from xrayscan.statistics.metrics import Floats, Labels, Resampler, auprc, auroc, brier, ece, percentiles
from xrayscan.training.calibrate import Target, calibrated, cross_fitted, fit_platt, operating_points


@dataclass(frozen=True, slots=True)
class Measured:
    """What validation says of a model. ``metrics`` are plain values for the card."""

    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    metrics: dict[str, Any]


def measure(logits: Floats, labels: Labels, groups: Indices, *, seed: int, targets: Iterable[Target] = ()) -> Measured:
    """Calibrate raw logits (N,) of validation films and measure them; ``groups`` (N,) number the patients.

    ``targets`` are operating points beside the usual ones.
    """
    calibration = fit_platt(logits, labels)
    probabilities = calibrated(calibration, logits)
    held_out = cross_fitted(logits, labels, groups, seed)
    resampler = Resampler.of(groups, seed=seed)
    squares = (held_out - labels) ** 2
    metrics: dict[str, Any] = {
        "films": len(labels),
        "patients": len(np.unique(groups)),
        "with_finding": int(labels.sum()),
        "auroc": auroc(labels, logits),
        "auroc_ci95": percentiles(resampler.aurocs(labels, logits)),
        "auprc": auprc(labels, logits),
        "auprc_ci95": percentiles(resampler.auprcs(labels, logits)),
        "brier": brier(labels, held_out),
        "brier_ci95": percentiles(resampler.totals(squares) / resampler.totals(np.ones(len(labels)))),
        # Without an interval: a resample's ECE is biased upwards, so its percentiles may not even hold the estimate.
        "ece": ece(labels, held_out),
    }
    return Measured(calibration, operating_points(labels, probabilities, resampler, targets), metrics)

"""What a model is worth on its validation films: calibration, operating points and metrics with intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xrayscan.card import Calibration, OperatingPoint
from xrayscan.metrics import Floats, Labels, Resampler, auprc, auroc, brier, ece
from xrayscan.training.calibrate import calibrated, cross_fitted, fit_platt, operating_points
from xrayscan.training.split import Indices


@dataclass(frozen=True, slots=True)
class Measured:
    """What validation says of a model. ``metrics`` are plain values for the card."""

    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    metrics: dict[str, Any]


def measure(logits: Floats, labels: Labels, groups: Indices, *, seed: int) -> Measured:
    """Calibrate raw logits (N,) of validation films and measure them; ``groups`` (N,) number the patients."""
    calibration = fit_platt(logits, labels)
    probabilities = calibrated(calibration, logits)
    held_out = cross_fitted(logits, labels, groups, seed)
    patients = np.unique(groups, return_inverse=True)[1]
    resampler = Resampler.of(patients, seed=seed)
    metrics: dict[str, Any] = {
        "films": len(labels),
        "patients": int(patients.max()) + 1,
        "with_finding": int(labels.sum()),
    }
    for name, metric, values in (("auroc", auroc, logits), ("auprc", auprc, logits), ("brier", brier, held_out)):
        metrics[name] = metric(labels, values)
        metrics[f"{name}_ci95"] = resampler.interval(lambda films, m=metric, v=values: m(labels[films], v[films]))  # type: ignore[misc]
    # Without an interval: a resample's ECE is biased upwards, so its percentiles may not even hold the estimate.
    metrics["ece"] = ece(labels, held_out)
    return Measured(calibration, operating_points(labels, probabilities, resampler), metrics)

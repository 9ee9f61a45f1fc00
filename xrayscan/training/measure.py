"""How good a model is on its validation films: calibration, operating points and metrics with intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xrayscan.dataset.split import Indices
from xrayscan.dataset.styles import Styles, by_style, style_weights, summary
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import OperatingPoint
from xrayscan.statistics.metrics import (
    Floats,
    Labels,
    Resampler,
    auprc,
    auroc,
    brier,
    ece,
    percentiles,
    ranking_interval,
)
from xrayscan.training.calibrate import Target, calibrated, cross_fitted, fit_platt, operating_points

MIDDLE = 0.5  # the threshold of balanced training


@dataclass(frozen=True, slots=True)
class Measured:
    """What validation says of a model. ``metrics`` are plain values for the card."""

    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    metrics: dict[str, Any]


def measure(
    logits: Floats,
    labels: Labels,
    groups: Indices,
    *,
    seed: int,
    targets: Iterable[Target] = (),
    styles: Styles | None = None,
    balanced: bool = False,
) -> Measured:
    """Calibrate raw logits (N,) of validation films and measure them; ``groups`` (N,) number the patients.

    ``targets`` are operating points beside the usual ones. With ``styles`` (N,), thresholds are chosen on means over
    styles, and the card tells the figures of each. ``balanced``: the network was trained on batches with a set share of
    positive films, so its logits are taken as they are and 0.5 flags: fitted to films of training's own styles,
    calibration holds worse on others.
    """
    calibration = Calibration() if balanced else fit_platt(logits, labels)
    probabilities = calibrated(calibration, logits)
    held_out = probabilities if balanced else cross_fitted(logits, labels, groups, seed)
    resampler = Resampler.from_patients(groups, seed=seed)
    squares = (held_out - labels) ** 2
    order, precision = auroc(labels, logits), auprc(labels, logits)
    metrics: dict[str, Any] = {
        "films": len(labels),
        "patients": len(np.unique(groups)),
        "with_finding": int(labels.sum()),
        "auroc": order,
        "auroc_ci95": ranking_interval(order, resampler.aurocs(labels, logits), labels, order),
        "auprc": precision,
        "auprc_ci95": ranking_interval(precision, resampler.auprcs(labels, logits), labels, order),
        "brier": brier(labels, held_out),
        "brier_ci95": percentiles(resampler.totals(squares) / resampler.totals(np.ones(len(labels)))),
        # Without an interval: a resample's ECE is biased upwards, so its percentiles may not even hold the estimate.
        "ece": ece(labels, held_out),
    }
    weights = None if styles is None else style_weights(labels, styles)
    middle = MIDDLE if balanced else None
    points = operating_points(labels, probabilities, resampler, targets, weights=weights, middle=middle)
    if styles is not None:
        rows = by_style(labels, held_out, styles, points[0].threshold)
        metrics |= {"styles": summary(rows), "by_style": rows}
    return Measured(calibration, points, metrics)

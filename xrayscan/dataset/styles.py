"""Styles among films: groups that look alike in exposure, contrast, sharpness and framing, found without labels.

A style in which nearly every training film is positive is a short cut that validation by patient cannot see, since
both sides of the split share it. Figures and thresholds are therefore taken as means over styles, not over films.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import Pixels, Predictor
from xrayscan.model.batches import Batches
from xrayscan.model.capabilities import GivesStyle
from xrayscan.model.gate import pixel_statistics, ungated
from xrayscan.statistics.metrics import Floats, Labels, auroc, ece

STYLES = 12
FEWEST = 10  # films of a label below which a style's rate is noise, and left out of means and worst cases
AT_ONCE = 64

Styles = npt.NDArray[np.intp]  # (N,): the style of each film, from 0


def find_styles(pixels: Pixels, seed: int, *, count: int = STYLES, predictor: Predictor | None = None) -> Styles:
    """Group films (N, S, S) into ``count`` styles, or fewer where films are few. Deterministic for a seed.

    What is compared are the ``style_layers`` of a predictor that names some, its early and middle ones, which see how a
    film looks rather than what it shows; without them, `pixel_statistics`.
    """
    features = Batches(AT_ONCE).over(lambda part: _style_features(predictor, part), pixels)
    return clusters(standardised(features), max(1, min(count, len(pixels) // FEWEST)), seed, starts=4)


def _style_features(predictor: Predictor | None, pixels: Pixels) -> Floats:
    network = predictor and ungated(predictor)
    if isinstance(network, GivesStyle) and network.style_layers:
        return network.predict_with_features(pixels, network.style_layers)[1]
    return pixel_statistics(pixels)


def standardised(features: Floats) -> npt.NDArray[np.float64]:
    """Features (N, F) with mean 0 and variance 1; one that does not vary is 0."""
    wide = features.astype(np.float64)
    return np.asarray((wide - wide.mean(0)) / (wide.std(0) + 1e-6))


def clusters(features: npt.NDArray[np.float64], count: int, seed: int, *, starts: int) -> Styles:
    """Group features (N, F) by k-means, the best of so many ``starts``."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(count, n_init=starts, random_state=seed).fit_predict(features), np.intp)


def style_weights(labels: Labels, styles: Styles) -> npt.NDArray[np.float64]:
    """What each film (N,) weighs so that a label's every style counts the same; those with too few films count none.

    Where no style has films enough of a label, all of its films weigh the same.
    """
    weights = np.zeros(len(labels))
    for label in (0, 1):
        counts = np.bincount(styles[labels == label], minlength=int(styles.max(initial=0)) + 1)
        each = np.where(counts >= FEWEST, 1 / np.maximum(counts, 1), 0.0)
        weights[labels == label] = (each if each.any() else np.ones_like(each))[styles[labels == label]]
    return weights


def by_style(labels: Labels, probabilities: Floats, styles: Styles, threshold: float) -> list[dict[str, Any]]:
    """Figures of every style for the card, None where it has too few films of a label."""
    return [_figures(labels[styles == one], probabilities[styles == one], threshold) for one in np.unique(styles)]


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Mean and worst of the styles' figures, by name: ``mean_auroc``, ``worst_specificity`` and so on."""
    told: dict[str, float] = {}
    for name in ("auroc", "sensitivity", "specificity"):
        if known := [row[name] for row in rows if row[name] is not None]:
            told |= {f"mean_{name}": float(np.mean(known)), f"worst_{name}": float(min(known))}
    return told


def _figures(labels: Labels, probabilities: Floats, threshold: float) -> dict[str, Any]:
    with_finding, flagged = labels == 1, probabilities >= threshold
    positive, negative = int(with_finding.sum()), int((~with_finding).sum())
    both = min(positive, negative) >= FEWEST
    return {
        "films": len(labels),
        "with_finding": positive,
        "auroc": auroc(labels, probabilities) if both else None,
        "sensitivity": float(flagged[with_finding].mean()) if positive >= FEWEST else None,
        "specificity": float((~flagged[~with_finding]).mean()) if negative >= FEWEST else None,
        "ece": float(ece(labels, probabilities)),
    }

"""Clinical metrics with their intervals. Labels are 1 (positive) and 0 (negative)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]
Interval = tuple[float, float]

RESAMPLES = 1000
ECE_BINS = 15
CELLS = ("tn", "fp", "fn", "tp")  # of the confusion matrix
BLOCK = 64  # resamples whose film weights are held at once: 1.3 MB for 5,216 films


def auroc(labels: Labels, scores: Floats) -> float:
    """Area under the receiver operating characteristic, in [0, 1]; NaN when one label is missing."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores)) if 0 < labels.mean() < 1 else float("nan")


def auprc(labels: Labels, scores: Floats) -> float:
    """Average precision, in [0, 1]; NaN when no film is positive."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores)) if labels.any() else float("nan")


def brier(labels: Labels, probabilities: Floats) -> float:
    """Mean squared difference between probability and label, in [0, 1]."""
    return float(np.mean((probabilities - labels) ** 2))


def ece(labels: Labels, probabilities: Floats, bins: int = ECE_BINS) -> float:
    """Expected calibration error over bins of equal width, in [0, 1].

    Source: Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
    """
    index = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [abs((probabilities[index == b] - labels[index == b]).sum()) for b in np.unique(index)]
    return float(sum(gaps) / len(labels))


def sensitivity(labels: Labels, probabilities: Floats, threshold: float) -> float:
    """Share of positive films at or above ``threshold``, in [0, 1]."""
    return float(np.mean(probabilities[labels == 1] >= threshold))


def specificity(labels: Labels, probabilities: Floats, threshold: float) -> float:
    """Share of negative films below ``threshold``, in [0, 1]."""
    return float(np.mean(probabilities[labels == 0] < threshold))


def wilson(share: float, count: int) -> Interval:
    """95 % interval of a share of ``count`` independent trials, which knows that 100 of 100 does not prove 100 %.

    Source: Wilson, "Probable inference", J. Am. Statist. Assoc. 22 (1927).
    """
    z2 = 1.96**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def percentiles(values: Floats, level: float = 0.95) -> Interval:
    """Interval that holds the middle ``level`` of a metric's values (R,) over resamples; undefined ones are left out.

    The difference of two metrics' values over the same resamples gives the interval of a paired difference.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def wider(one: Interval, other: Interval) -> Interval:
    """The interval that holds both; an undefined bound gives way to the other's."""
    return float(np.fmin(one[0], other[0])), float(np.fmax(one[1], other[1]))


def ranking_interval(value: float, draws: Floats, labels: Labels, ranking: float) -> Interval:
    """Interval of an AUROC or AUPRC from its values over resamples (R,); ``ranking`` is the AUROC.

    Where that is 1 or 0, no resample can show what other films might: Wilson's interval for as many films as the rarer
    label has counts, too.
    """
    interval = percentiles(draws)
    if ranking not in (0, 1):
        return interval
    return wider(interval, wilson(value, min(int(labels.sum()), int((1 - labels).sum()))))


def rates(tn: Floats, fp: Floats, fn: Floats, tp: Floats) -> dict[str, Floats]:
    """The shares that follow from a confusion matrix, or from many; NaN where there is nothing to take a share of."""
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity, specificity = np.divide(tp, tp + fn), np.divide(tn, tn + fp)
        return {
            "accuracy": np.divide(tp + tn, tn + fp + fn + tp),
            "balanced_accuracy": (sensitivity + specificity) / 2,
            "sensitivity": sensitivity,
            "specificity": specificity,
            "precision": np.divide(tp, tp + fp),
            "npv": np.divide(tn, tn + fn),
            "f1": np.divide(2 * tp, 2 * tp + fp + fn),
        }


def confusion(labels: Labels, probabilities: Floats, threshold: float) -> npt.NDArray[np.bool_]:
    """Which cell of the confusion matrix each film stands in: (N, 4), columns as in `CELLS`."""
    flagged, found = probabilities >= threshold, labels == 1
    return np.stack([~flagged & ~found, flagged & ~found, ~flagged & found, flagged & found], axis=1)


@dataclass(frozen=True, slots=True)
class Resampler:
    """Patient-grouped bootstrap: patients are drawn with replacement, each with all of its films.

    Films of one patient are alike, so drawing films one by one would give intervals that are too narrow. A resample is
    kept as how often it drew each patient, so that a metric over all resamples is a few sums of arrays.
    Source: Field, Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69 (2007).
    """

    patients: npt.NDArray[np.intp]  # (N,): ordinal of each film's patient
    counts: npt.NDArray[np.float32]  # (R, P): how often each resample drew each patient

    @classmethod
    def from_patients(cls, patients: npt.NDArray[np.intp], *, seed: int = 0, resamples: int = RESAMPLES) -> "Resampler":
        """Prepare resamples of films (N,) whose patients are told apart by any whole numbers (N,)."""
        rng = np.random.default_rng(seed)
        ordinals = np.unique(patients, return_inverse=True)[1]
        people = int(ordinals.max()) + 1
        draws = (rng.integers(people, size=people) for _ in range(resamples))
        return cls(ordinals, np.stack([np.bincount(draw, minlength=people) for draw in draws]).astype(np.float32))

    def totals(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Sum of values (N,) or (N, K) over the films of each resample: (R,) or (R, K)."""
        per_patient = np.zeros((self.counts.shape[1], *values.shape[1:]))
        np.add.at(per_patient, self.patients, values)
        return self.counts.astype(np.float64) @ per_patient

    def weights(self) -> Iterator[npt.NDArray[np.float32]]:
        """How often each film is in each resample, in blocks (B, N) that keep memory bounded."""
        for start in range(0, len(self.counts), BLOCK):
            yield self.counts[start : start + BLOCK][:, self.patients]

    def aurocs(self, labels: Labels, scores: Floats) -> npt.NDArray[np.float64]:
        """AUROC of every resample (R,); NaN where one label was not drawn."""
        positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
        negative = negative[np.argsort(scores[negative])]
        below, up_to = (np.searchsorted(scores[negative], scores[positive], side) for side in ("left", "right"))
        values = []
        for weights in self.weights():
            cumulated = np.zeros((len(weights), len(negative) + 1))
            np.cumsum(weights[:, negative], axis=1, out=cumulated[:, 1:])
            beaten = (cumulated[:, below] + cumulated[:, up_to]) / 2  # a tie counts half
            found = weights[:, positive]
            with np.errstate(invalid="ignore"):
                values.append((found * beaten).sum(1) / (found.sum(1, dtype=np.float64) * cumulated[:, -1]))
        return np.concatenate(values)

    def auprcs(self, labels: Labels, scores: Floats) -> npt.NDArray[np.float64]:
        """Average precision of every resample (R,); NaN where no positive film was drawn."""
        order = np.argsort(-scores, kind="stable")
        steps = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # the last film of each tie
        values = []
        for weights in self.weights():
            flagged = np.cumsum(weights[:, order], axis=1, dtype=np.float64)[:, steps]
            found = np.cumsum(weights[:, order] * labels[order], axis=1, dtype=np.float64)[:, steps]
            precision = found / np.maximum(flagged, 1)  # nothing flagged: no step in sensitivity either
            with np.errstate(invalid="ignore"):
                values.append((np.diff(found, axis=1, prepend=0) * precision).sum(1) / found[:, -1])
        return np.concatenate(values)

    def shares(self, hits: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Share of films that are ``hits`` (N,) of those in ``among`` (N,), in every resample (R,)."""
        totals = self.totals(np.stack([hits & among, among], axis=1))
        with np.errstate(invalid="ignore"):
            return np.asarray(totals[:, 0] / totals[:, 1])

    def share(self, hits: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Interval:
        """Interval of the share of ``hits`` among the films ``among`` (N,): the wider of the bootstrap's and Wilson's.

        The bootstrap knows that a patient's films are alike; Wilson's knows that 100 of 100 does not prove 100 %.
        """
        count = int(among.sum())
        if not count:
            return float("nan"), float("nan")
        grouped, alone = percentiles(self.shares(hits, among)), wilson(float(hits[among].mean()), count)
        return min(grouped[0], alone[0]), max(grouped[1], alone[1])

"""Clinical metrics with their intervals. Labels are 1 with the finding and 0 without."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]
Interval = tuple[float, float]

RESAMPLES = 1000
ECE_BINS = 15


def auroc(labels: Labels, scores: Floats) -> float:
    """Area under the receiver operating characteristic, in [0, 1]; NaN when one label is missing."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores)) if 0 < labels.mean() < 1 else float("nan")


def auprc(labels: Labels, scores: Floats) -> float:
    """Average precision, in [0, 1]; NaN when no film has the finding."""
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
    """Share of films with the finding at or above ``threshold``, in [0, 1]."""
    return float(np.mean(probabilities[labels == 1] >= threshold))


def specificity(labels: Labels, probabilities: Floats, threshold: float) -> float:
    """Share of films without the finding below ``threshold``, in [0, 1]."""
    return float(np.mean(probabilities[labels == 0] < threshold))


@dataclass(frozen=True, slots=True)
class Resampler:
    """Patient-grouped bootstrap: patients are drawn with replacement, each with all of its films.

    Films of one patient are alike, so drawing films one by one would give intervals that are too narrow.
    Source: Field, Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69 (2007).
    """

    samples: tuple[npt.NDArray[np.intp], ...]  # film indices, one array per resample

    @classmethod
    def of(cls, patients: npt.NDArray[np.intp], *, seed: int = 0, resamples: int = RESAMPLES) -> "Resampler":
        """Prepare resamples of films (N,) whose patients are given as ordinals (N,)."""
        rng = np.random.default_rng(seed)
        order = np.argsort(patients, kind="stable")
        films_of = np.split(order, np.flatnonzero(np.diff(patients[order])) + 1)
        draws = (rng.integers(len(films_of), size=len(films_of)) for _ in range(resamples))
        return cls(tuple(np.concatenate([films_of[i] for i in draw]) for draw in draws))

    def interval(self, metric: Callable[[npt.NDArray[np.intp]], float], level: float = 0.95) -> Interval:
        """Percentile interval of ``metric``, a function of film indices; leaves out resamples where it is undefined."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # mean of nothing: left out below
            values = np.array([metric(sample) for sample in self.samples])
        values = values[np.isfinite(values)]
        if not len(values):
            return float("nan"), float("nan")
        low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def share(self, hits: npt.NDArray[np.bool_], films: npt.NDArray[np.intp]) -> Interval:
        """Interval of the share of ``hits`` (N,) among ``films``: the wider of the bootstrap's and Wilson's.

        The bootstrap knows that a patient's films are alike; Wilson's knows that 100 of 100 does not prove 100 %.
        Source: Wilson, "Probable inference", J. Am. Statist. Assoc. 22 (1927).
        """
        among = np.zeros(len(hits), bool)
        among[films] = True
        grouped = self.interval(lambda sample: float(hits[sample][among[sample]].mean()))
        count, share, z2 = len(films), float(hits[films].mean()), 1.96**2
        centre = (share + z2 / (2 * count)) / (1 + z2 / count)
        half = math.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
        return min(grouped[0], max(0.0, centre - half)), max(grouped[1], min(1.0, centre + half))

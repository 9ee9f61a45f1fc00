"""What each threshold finds, misses and costs on a site's films."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from xrayscan.statistics.metrics import Floats, Interval, Labels, Resampler


@dataclass(frozen=True, slots=True)
class Costs:
    """What one missed case and the reading of one flagged film cost, in any unit."""

    missed: float = 10.0
    read: float = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """What one threshold comes to on N films: counts of films, shares with 95 % intervals, and the cost."""

    threshold: float
    found: int  # cases at or above it
    missed: int  # cases below it
    read: int  # films at or above it, cases among them
    sensitivity: float
    sensitivity_ci95: Interval
    specificity: float
    specificity_ci95: Interval
    cost: float


def lines(
    labels: Labels, probabilities: Floats, at: Iterable[float], resampler: Resampler, costs: Costs
) -> tuple[Line, ...]:
    """Return a line for each of these thresholds; every film of ``probabilities`` (N,) was left out of its own fit."""
    return tuple(_line(labels, probabilities, threshold, resampler, costs) for threshold in at)


def every_threshold(probabilities: Floats) -> list[float]:
    """Return the thresholds between any two films that differ, in rising order: others come to the same."""
    values = np.unique(probabilities)
    return [float(t) for t in (values[0] / 2, *((values[1:] + values[:-1]) / 2), (1 + values[-1]) / 2)]


def cheapest(table: Iterable[Line]) -> Line:
    """Return the line that costs least; of several the one that misses least."""
    return min(table, key=lambda line: (line.cost, line.missed))


def _line(labels: Labels, probabilities: Floats, threshold: float, resampler: Resampler, costs: Costs) -> Line:
    flagged, cases = probabilities >= threshold, labels == 1
    found, missed, read = (int(np.count_nonzero(which)) for which in (flagged & cases, ~flagged & cases, flagged))
    return Line(
        threshold,
        found,
        missed,
        read,
        float(flagged[cases].mean()),
        resampler.share(flagged, cases),
        float((~flagged)[~cases].mean()),
        resampler.share(~flagged, ~cases),
        costs.missed * missed + costs.read * read,
    )

"""Figures of the worklist's page: how the probabilities lie, and what validation says of the model's numbers."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from xrayscan.model.card import ModelCard
from xrayscan.report.chart import COLOURS, Chart, Look, count_ticks, stamped
from xrayscan.statistics.metrics import wilson
from xrayscan.worklist.worklist import Worklist

BINS = 40
SQUARES = 25  # along each axis of a comparison
TIERS = (("low", COLOURS[2]), ("intermediate", COLOURS[1]), ("high", "#c2384b"))
UNLIKE = ("unlike training", "#8a8f98")  # films that stand apart
AT_ONCE = 10_000  # films counted together
ROOM = 1.05  # of the highest bar: how far the axis reaches
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
NARROWEST = 0.012  # of the axis: a band between two close thresholds is still to be seen


@dataclass(frozen=True, slots=True)
class Band:
    """Validation films whose probability lay between two neighbouring thresholds of a card."""

    low: float
    high: float
    films: int
    with_finding: int


@dataclass(frozen=True, slots=True)
class Scores:
    """How the probabilities of the scored films lie, counted as they come: memory does not grow with their number."""

    films: Mapping[str, npt.NDArray[np.int64]]  # by tier, or `UNLIKE`: (BINS,), by the first model's probability
    pairs: Sequence[npt.NDArray[np.int64]]  # of each further model: (SQUARES, SQUARES), the first one's along axis 0
    furthest: float  # the least distance of any of them from 0 or 1


def scores_of(worklist: Worklist) -> Scores:
    """Count the scores of a worklist in which at least one film was scored."""
    films = {name: np.zeros(BINS, np.int64) for name, _ in (*TIERS, UNLIKE)}
    pairs = [np.zeros((SQUARES, SQUARES), np.int64) for _ in worklist.cards[1:]]
    scores, furthest = worklist.scores(), 1.0
    while batch := list(itertools.islice(scores, AT_ONCE)):
        probabilities = np.array([one for one, _, _ in batch])
        names = np.array([UNLIKE[0] if apart else tiers[0] for _, tiers, apart in batch])
        for name, counts in films.items():
            counts += np.histogram(probabilities[names == name, 0], BINS, (0, 1))[0]
        for n, squares in enumerate(pairs, 1):
            both = probabilities[:, 0], probabilities[:, n]
            squares += np.histogram2d(*both, SQUARES, ((0, 1), (0, 1)))[0].astype(np.int64)
        furthest = min(furthest, float(np.minimum(probabilities, 1 - probabilities).min()))
    return Scores(films, pairs, furthest)


def distribution(worklist: Worklist, scores: Scores) -> Markup:
    """How many films have which probability by the first model, coloured by tier, with the thresholds drawn in."""
    named = (*TIERS, UNLIKE) if scores.films[UNLIKE[0]].any() else TIERS
    totals = np.sum([scores.films[name] for name, _ in named], axis=0)
    highest = int(totals.max())
    chart = Chart("Distribution of probabilities", ("probability", "films"), 576, 220, (1.0, highest * ROOM), (2, 4))
    below = np.zeros(BINS, np.int64)
    for name, colour in named:
        for n, films in enumerate(scores.films[name].tolist()):
            low = int(below[n])
            if films or n == 0:  # a tier without films stands in the legend, too
                chart.bar((n / BINS, low), ((n + 1) / BINS, low + films), Look(colour), name)
        below = below + scores.films[name]
    limits = worklist.thresholds
    for threshold, dashes, name in (
        (limits.low, "1 2", "end of low"),
        (limits.predicted, "none", f"flagged from {limits.predicted:.1%}"),
        (limits.high, "5 3", "start of high"),
    ):
        chart.line((threshold, 0), (threshold, highest * ROOM), Look(dashes=dashes), name)
    return stamped(chart.svg(count_ticks(highest), "{:,.0f}"), worklist.card)


def bands(card: ModelCard) -> list[Band]:
    """Count the validation films between neighbouring thresholds, from the card's operating points.

    Sensitivity and specificity at each threshold say how many films of either label lie below it, so their differences
    are the counts. A card without those counts gives none.
    """
    films, found = card.metrics.get("films"), card.metrics.get("with_finding")
    if not films or not found or films <= found:
        return []
    points = sorted(card.operating_points, key=lambda point: point.threshold)
    limits = [0.0, *(point.threshold for point in points), 1.0]
    positive = [0, *(round((1 - point.sensitivity) * found) for point in points), found]
    negative = [0, *(round(point.specificity * (films - found)) for point in points), films - found]
    return list(_between(limits, positive, negative))


def _between(limits: list[float], positive: list[int], negative: list[int]) -> Iterator[Band]:
    for n in range(len(limits) - 1):
        with_finding, without = positive[n + 1] - positive[n], negative[n + 1] - negative[n]
        if with_finding >= 0 and without >= 0 and with_finding + without:
            yield Band(limits[n], limits[n + 1], with_finding + without, with_finding)


def calibration(card: ModelCard) -> Markup | None:
    """Whether the probabilities were true on validation: per band, the share of films that had the positive label.

    None where the card holds no counts. The interval is Wilson's.
    """
    found = bands(card)
    if not found:
        return None
    chart = Chart("Calibration on validation", ("probability given", "observed share"), 331, 310, legend=(1, 2))
    chart.line((0, 0), (1, 1), Look(width=1, opacity=0.35), "perfect calibration")
    for band in found:
        share = band.with_finding / band.films
        low, high = wilson(share, band.films)
        left, right = band.low, band.low + max(NARROWEST, band.high - band.low)
        chart.bar((left, low), (right, high), Look(COLOURS[0], opacity=0.25))
        chart.line((left, share), (right, share), Look(COLOURS[0], width=2.5), "seen, with 95 % interval")
    return stamped(chart.svg(SHARES, "{:.1f}"), card)

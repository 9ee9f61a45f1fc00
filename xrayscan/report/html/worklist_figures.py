"""Figures of the worklist's page: how the probabilities lie, and what validation says of the model's numbers."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from xrayscan.files.text import visible
from xrayscan.model.card import ModelCard
from xrayscan.report import plots
from xrayscan.report.plots import LinearSegmentedColormap, LogNorm
from xrayscan.statistics.metrics import wilson
from xrayscan.worklist.worklist import Worklist

BINS = 40
SQUARES = 25  # along each axis of a comparison
TIERS = (("low", plots.COLOURS[2]), ("intermediate", plots.COLOURS[1]), ("high", "#c2384b"))
UNLIKE = ("unlike training", "#8a8f98")  # films that stand apart
AT_ONCE = 10_000  # films counted together
UNDER_LEGEND = 0.8  # of the height of the axes
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
    figure, axes = plots.new(8, 2.9)
    edges = np.linspace(0, 1, BINS + 1)
    below = np.zeros(BINS, np.int64)
    for name, colour in (*TIERS, UNLIKE) if scores.films[UNLIKE[0]].any() else TIERS:
        axes.stairs(below + scores.films[name], edges, baseline=below, fill=True, color=colour, label=name)
        below = below + scores.films[name]
    limits = worklist.thresholds
    for threshold, style, name in (
        (limits.low, ":", "end of low"),
        (limits.predicted, "-", f"flagged from {limits.predicted:.1%}"),
        (limits.high, "--", "start of high"),
    ):
        axes.axvline(threshold, color=plots.INK, linestyle=style, linewidth=1.2, label=name, ymax=UNDER_LEGEND)
    axes.set(xlim=(0, 1), xlabel="probability", ylabel="films", title="Distribution of probabilities")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper center", ncols=3)
    axes.set_ylim(top=axes.get_ylim()[1] * 1.35)
    return plots.stamped(plots.svg(figure), worklist.card)


def comparisons(worklist: Worklist, scores: Scores) -> list[Markup]:
    """A figure for each model after the first one, which it is compared with."""
    return [_comparison(worklist, scores, n) for n in range(1, len(worklist.cards))]


def _comparison(worklist: Worklist, scores: Scores, other: int) -> Markup:
    """How many films have which probabilities by the first model and the ``other``-th, with both models' tiers."""
    films, edges = scores.pairs[other - 1], np.linspace(0, 1, SQUARES + 1)
    figure, axes = plots.new(4.6, 4.4)
    shades = LinearSegmentedColormap.from_list("", [f"{plots.COLOURS[0]}33", plots.COLOURS[0]])
    axes.pcolormesh(edges, edges, np.ma.masked_equal(films.T, 0), cmap=shades, norm=LogNorm(1, max(2, films.max())))
    for draw, scale in ((axes.axvline, worklist.scales[0]), (axes.axhline, worklist.scales[other])):
        for threshold, style in ((scale.thresholds.low, ":"), (scale.thresholds.high, "--")):
            draw(threshold, color=plots.INK, linestyle=style, linewidth=1.2)
    across, up = (plots.short(visible(worklist.names[n])) for n in (0, other))
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=f"{up}\nagainst {across}")
    axes.set(xlabel=across, ylabel=up)
    return plots.stamped(plots.stamped(plots.svg(figure), worklist.card), worklist.cards[other])


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
    figure, axes = plots.new(4.6, 4.2)
    axes.plot([0, 1], [0, 1], color=plots.INK, alpha=0.35, linewidth=1, label="perfect calibration")
    for n, band in enumerate(found):
        share = band.with_finding / band.films
        low, high = wilson(share, band.films)
        left, width = band.low, max(NARROWEST, band.high - band.low)
        axes.bar(left, high - low, width, low, align="edge", color=plots.COLOURS[0], alpha=0.25, linewidth=0)
        axes.plot([left, left + width], [share, share], color=plots.COLOURS[0], linewidth=2.5, label=_seen(n))
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="probability given", ylabel="observed share")
    axes.set_title("Calibration on validation")
    axes.legend(loc="upper left")
    return plots.stamped(plots.svg(figure), card)


def _seen(n: int) -> str:
    return "_" if n else "seen, with 95 % interval"

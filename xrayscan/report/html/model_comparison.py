"""Figures of the worklist's page that compare several models: what two of them say of the same films."""

import numpy as np
from markupsafe import Markup

from xrayscan.files.text import visible
from xrayscan.report import plots
from xrayscan.report.chart import COLOURS, short, stamped
from xrayscan.report.html.worklist_figures import SQUARES, Scores
from xrayscan.report.plots import LinearSegmentedColormap, LogNorm
from xrayscan.worklist.worklist import Worklist


def comparisons(worklist: Worklist, scores: Scores) -> list[Markup]:
    """A figure for each model after the first one, which it is compared with."""
    return [_comparison(worklist, scores, n) for n in range(1, len(worklist.cards))]


def _comparison(worklist: Worklist, scores: Scores, other: int) -> Markup:
    """How many films have which probabilities by the first model and the ``other``-th, with both models' tiers."""
    films, edges = scores.pairs[other - 1], np.linspace(0, 1, SQUARES + 1)
    figure, axes = plots.new(4.6, 4.4)
    shades = LinearSegmentedColormap.from_list("", [f"{COLOURS[0]}33", COLOURS[0]])
    axes.pcolormesh(edges, edges, np.ma.masked_equal(films.T, 0), cmap=shades, norm=LogNorm(1, max(2, films.max())))
    for draw, scale in ((axes.axvline, worklist.scales[0]), (axes.axhline, worklist.scales[other])):
        for threshold, style in ((scale.thresholds.low, ":"), (scale.thresholds.high, "--")):
            draw(threshold, color=plots.INK, linestyle=style, linewidth=1.2)
    across, up = (short(visible(worklist.names[n])) for n in (0, other))
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=f"{up}\nagainst {across}")
    axes.set(xlabel=across, ylabel=up)
    return stamped(stamped(plots.svg(figure), worklist.card), worklist.cards[other])

"""Figures for every report: SVG that scales with the page, follows its colours and keeps its text as text."""

import base64
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape
from PIL import Image

from xrayscan.files.import_path import elsewhere
from xrayscan.files.text import INVISIBLE, visible
from xrayscan.report.chart import COLOURS, short
from xrayscan.statistics.metrics import ECE_BINS, Floats, Labels

with elsewhere():  # matplotlib reads a matplotlibrc of the working folder; here alone it is imported
    import matplotlib
    from matplotlib import colormaps as colormaps
    from matplotlib.colors import LinearSegmentedColormap as LinearSegmentedColormap
    from matplotlib.colors import LogNorm as LogNorm
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text
    from matplotlib.ticker import LogLocator as LogLocator
    from matplotlib.ticker import NullFormatter as NullFormatter
    from matplotlib.ticker import StrMethodFormatter as StrMethodFormatter

STYLES = ("-", "--", "-.", ":")
INK = "#010203"  # stands for the page's text colour until the SVG is written, since matplotlib knows no currentColor
STYLE: Any = {
    **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "text.color", "grid.color"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color", "legend.labelcolor"), INK),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "legend.facecolor", "savefig.facecolor"), "none"),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.15,
    "legend.edgecolor": "none",
    "legend.fontsize": 9,
    "font.size": 10,
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "xrayscan",  # same figures, same bytes
}
ROOT = 'fill="currentColor" stroke-linejoin="round" stroke-linecap="butt"'  # matplotlib leaves black out
JPEG_QUALITY = 85
UNPRINTABLE = re.compile(rf"(?![\t\n]){INVISIBLE.pattern}")  # of names in labels; matplotlib itself breaks lines


@contextmanager
def _style() -> Iterator[None]:
    """Draw in our style, whatever a user's matplotlibrc says."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # the browser's fonts have it
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)  # text too long: it overlaps
        warnings.filterwarnings("ignore", 'Creating legend with loc="best"', UserWarning)  # it took a second
        yield


@dataclass(frozen=True, slots=True)
class Curve:
    """What one model said of films that humans labelled. ``name`` is shown as it is: make it printable first."""

    name: str
    labels: Labels  # (N,): 1 positive, 0 negative
    probabilities: Floats  # (N,), in [0, 1]


def new(width_in: float, height_in: float, columns: int = 1) -> tuple[Figure, Any]:
    """Return an empty figure in our style and its axes (an array of them for several columns). Sizes in inches.

    The page scales the figure to its width: inches only set how large the text is beside the lines.
    """
    with _style():
        figure = Figure(figsize=(width_in, height_in))
        return figure, figure.subplots(1, columns)


def svg(figure: Figure) -> Markup:
    """Return the figure as an ``<svg>`` element to stand in a page: no size of its own, no date, no random ids."""
    for legend in filter(None, (axes.get_legend() for axes in figure.axes)):
        legend.get_frame().set_visible(False)
        legend.set_in_layout(False)  # it lies within the axes, which need not shrink for it
    for words in figure.findobj(Text):
        words.set_parse_math(False)  # a $ in a name is a $
    text = io.StringIO()
    with _style():
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    title = escape(visible("; ".join(axes.get_title() or axes.get_ylabel() for axes in figure.axes)))
    drawn = UNPRINTABLE.sub(lambda match: visible(match[0]), _embeddable(text.getvalue()))
    return Markup(f'<svg role="img" aria-label="{title}" {ROOT} {drawn.strip()}')


@_style()
def roc(curves: Sequence[Curve]) -> Markup:
    """Receiver operating characteristic: sensitivity against the share of false alarms."""
    from sklearn.metrics import roc_auc_score, roc_curve

    figure, axes = _square("false positive rate (1 - specificity)", "sensitivity")
    axes.plot([0, 1], [0, 1], color=INK, alpha=0.3, linewidth=1)
    for curve, look in _looks(curves):
        false_alarms, found, _ = roc_curve(curve.labels, curve.probabilities)
        area = roc_auc_score(curve.labels, curve.probabilities)
        axes.plot(false_alarms, found, label=f"{short(curve.name)} (AUROC {area:.3f})", **look)
    axes.legend(loc="lower right")
    axes.set_title("ROC curve")
    return svg(figure)


@_style()
def precision_recall(curves: Sequence[Curve]) -> Markup:
    """Precision against sensitivity; the thin line is what flagging films at random would reach."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    figure, axes = _square("sensitivity (recall)", "precision (PPV)")
    for curve, look in _looks(curves):
        precision, recall, _ = precision_recall_curve(curve.labels, curve.probabilities)
        area = average_precision_score(curve.labels, curve.probabilities)
        axes.plot(recall, precision, label=f"{short(curve.name)} (AUPRC {area:.3f})", **look)
        axes.axhline(float(curve.labels.mean()), color=INK, alpha=0.3, linewidth=1)
    axes.legend(loc="lower left")
    axes.set_title("Precision-recall curve")
    return svg(figure)


@_style()
def reliability(curves: Sequence[Curve], bins: int = ECE_BINS) -> Markup:
    """How often films had the positive label where a model said p, in equal bins; larger dots hold more films."""
    figure, axes = _square("probability given", "observed share")
    axes.plot([0, 1], [0, 1], color=INK, alpha=0.3, linewidth=1)
    for curve, look in _looks(curves):
        index = np.minimum((curve.probabilities * bins).astype(int), bins - 1)
        count = np.bincount(index, minlength=bins)
        kept = count > 0
        given = np.bincount(index, curve.probabilities, bins)[kept] / count[kept]
        true = np.bincount(index, curve.labels, bins)[kept] / count[kept]
        axes.plot(given, true, label=short(curve.name), **{**look, "linewidth": 0.8})
        axes.scatter(given, true, s=15 + 250 * count[kept] / count.sum(), color=look["color"], linewidths=0, zorder=3)
    axes.legend(loc="upper left")
    axes.set_title("Calibration")
    return svg(figure)


@_style()
def threshold_sweep(curve: Curve, threshold: float) -> Markup:
    """Sensitivity, specificity, precision and F1 at every threshold; the upright line is the one in use."""
    thresholds = np.linspace(0, 1, 201)
    positive, negative = (np.sort(curve.probabilities[curve.labels == label]) for label in (1, 0))
    found = len(positive) - np.searchsorted(positive, thresholds)
    alarms = len(negative) - np.searchsorted(negative, thresholds)
    figure, axes = new(6, 3.6)
    with np.errstate(invalid="ignore", divide="ignore"):  # precision where nothing is flagged: no point drawn
        lines = {
            "sensitivity": found / len(positive),
            "specificity": 1 - alarms / len(negative),
            "precision": found / (found + alarms),
            "F1": 2 * found / (found + alarms + len(positive)),
        }
    for (name, values), colour, style in zip(lines.items(), COLOURS, STYLES, strict=False):
        axes.plot(thresholds, values, label=name, color=colour, linestyle=style, linewidth=1.8)
    axes.axvline(threshold, color=INK, linewidth=1)
    axes.set(xlabel="threshold", xlim=(0, 1), ylim=(0, 1.02), title=f"{short(curve.name)}: threshold sweep")
    axes.legend(loc="lower center", ncols=4, bbox_to_anchor=(0.5, 0.02))
    return svg(figure)


@_style()
def confusion_matrix(tn: int, fp: int, fn: int, tp: int, labels: tuple[str, str]) -> Markup:
    """What the model made of films of each label (negative, positive): counts, and shares of the label's films."""
    counts = np.array([[tn, fp], [fn, tp]])
    figure, axes = new(4, 3.4)
    axes.grid(visible=False)
    for row, column in np.ndindex(2, 2):
        share = counts[row, column] / max(1, counts[row].sum())
        look = {"color": COLOURS[0], "alpha": 0.1 + 0.6 * share, "linewidth": 0}
        axes.add_patch(Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, **look))
        axes.text(column, row, f"{counts[row, column]:,}\n{100 * share:.1f} %", ha="center", va="center", fontsize=12)
    axes.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), xlabel="by the model", ylabel="by the label", title="Confusion matrix")
    axes.set_xticks([0, 1], [short(label) for label in labels])
    axes.set_yticks([0, 1], [short(label) for label in labels], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return svg(figure)


def thumbnail(pixels: npt.NDArray[np.uint8]) -> str:
    """Return grey pixels (S, S) as a data URI of a JPEG, for ``<img src>``."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"


def _embeddable(drawn: str) -> str:
    """What follows ``<svg`` in a file of matplotlib, without what only a file of its own needs."""
    drawn = drawn[drawn.index("<svg") + len("<svg ") :]
    drawn = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'<g id="[^"]*"', "<g", drawn)  # figure_1, axes_1, …: another figure on the page has them too
    drawn = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", drawn)
    drawn = re.sub(r'\b(?:width|height)="[\d.]+pt" ?', "", drawn, count=2)
    return drawn.replace(INK, "currentColor").replace("#000000", "currentColor")


def _square(x: str, y: str) -> tuple[Figure, Any]:
    figure, axes = new(4.6, 4.2)
    axes.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    return figure, axes


def _looks(curves: Sequence[Curve]) -> Iterator[tuple[Curve, dict[str, Any]]]:
    for n, curve in enumerate(curves):
        look = {"color": COLOURS[n % len(COLOURS)], "linestyle": STYLES[n // len(COLOURS) % len(STYLES)]}
        yield curve, {**look, "linewidth": 1.8}

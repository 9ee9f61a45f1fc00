"""Figures of an exploration: everything once per label, since what differs between labels is what a model learns."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from xrayscan.exploration.explore import Explored
from xrayscan.files.text import visible
from xrayscan.report import plots
from xrayscan.report.chart import COLOURS

BINS = 40
MOST_FILMS = 10  # per patient that get a bar of their own


def figures(explored: Explored) -> list[tuple[Markup, str]]:
    """Figures with their captions."""
    found = [
        (_sizes(explored), "Width and height of each film. Labels that lie apart can be told by size alone."),
        (
            _histogram(explored, [look.aspect for look in explored.films.looks], "width / height", "Aspect ratio"),
            "Share of a label's films. A model that resizes films to a square still sees the aspect ratio.",
        ),
        (
            _histogram(explored, [look.size / 1000 for look in explored.films.looks], "kB", "File size"),
            "Share of a label's films. At equal size in pixels a larger file holds more detail or noise.",
        ),
        (
            _histogram(explored, [look.brightness for look in explored.films.looks], "mean brightness", "Brightness"),
            "Share of a label's films. Differences here are exposure and windowing more often than disease.",
        ),
        (_grey_values(explored), "How much of a film has which brightness, on average; the border is at 0."),
        (_films_per_patient(explored), "Films of one patient are alike: they must stay on one side of a split."),
    ]
    if explored.shortcut:
        caption = "How well each property of the file alone predicts the label. 0.5 is chance, 1 is complete."
        found.append((_alone(explored), caption))
    return found


def average_films(explored: Explored) -> list[tuple[str, str]]:
    """The mean of each label's films: name and data URI."""
    means = ((name, explored.films.pixels[mask].mean(0)) for name, mask in _masks(explored))
    return [(name, plots.thumbnail(np.rint(mean).astype(np.uint8))) for name, mean in means]


def _sizes(explored: Explored) -> Markup:
    figure, axes = plots.new(4.4, 3.4)
    looks = explored.films.looks
    for (name, mask), colour, marker in zip(_masks(explored), COLOURS, "ox", strict=False):
        sizes = Counter((looks[n].columns, looks[n].rows) for n in np.flatnonzero(mask))
        widths, heights = zip(*sizes, strict=True)
        dots = 10 + 60 * np.array(list(sizes.values())) / max(sizes.values())
        axes.scatter(widths, heights, s=dots, color=colour, marker=marker, alpha=0.5, label=name)
    axes.set(xlabel="width (pixels)", ylabel="height (pixels)", title="Size")
    axes.legend()
    return plots.svg(figure)


def _histogram(explored: Explored, values: Sequence[float], x: str, title: str) -> Markup:
    figure, axes = plots.new(4.4, 3.4)
    array = np.array(values)
    low, high = float(array.min()), float(array.max())
    margin = 0.0 if high > low else max(0.5, abs(low) / 10)
    edges = np.linspace(low - margin, high + margin, BINS + 1)
    for (name, mask), colour in zip(_masks(explored), COLOURS, strict=False):
        weights = np.full(int(mask.sum()), 100 / mask.sum())
        axes.hist(array[mask], edges, weights=weights, color=colour, alpha=0.5, label=name)
    axes.set(xlabel=x, ylabel="% of the label's films", title=title)
    axes.legend()
    return plots.svg(figure)


def _grey_values(explored: Explored) -> Markup:
    figure, axes = plots.new(4.4, 3.4)
    for (name, mask), colour, style in zip(_masks(explored), COLOURS, plots.STYLES, strict=False):
        counts = np.bincount(explored.films.pixels[mask].ravel() // 4, minlength=64)
        axes.plot((np.arange(64) + 0.5) / 64, 100 * counts / counts.sum(), color=colour, linestyle=style, label=name)
    axes.set(xlabel="brightness", ylabel="% of pixels", title="Grey values")
    axes.legend()
    return plots.svg(figure)


def _films_per_patient(explored: Explored) -> Markup:
    figure, axes = plots.new(4.4, 3.4)
    looks, places = explored.films.looks, range(1, MOST_FILMS + 1)
    for n, ((name, mask), colour) in enumerate(zip(_masks(explored), COLOURS, strict=False)):
        films = Counter(looks[index].film.patient for index in np.flatnonzero(mask)).values()
        bars = Counter(min(count, MOST_FILMS) for count in films)
        heights = [bars[place] for place in places]
        axes.bar([place + 0.4 * (n - 0.5) for place in places], heights, 0.4, color=colour, label=name)
    axes.set_xticks(places, [*map(str, places[:-1]), f"{MOST_FILMS}+"])
    axes.set(xlabel="films of one patient", ylabel="patients", title="Films per patient", yscale="symlog")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend()
    return plots.svg(figure)


def _alone(explored: Explored) -> Markup:
    assert explored.shortcut
    figure, axes = plots.new(4.4, 3.4)
    values = {"all together": explored.shortcut.auroc, **explored.shortcut.alone}
    names = [visible(name) for name in values][::-1]
    axes.barh(names, list(values.values())[::-1], color=COLOURS[0], alpha=0.7)
    axes.set(xlim=(0.5, 1), xlabel="AUROC", title="Shortcuts")
    return plots.svg(figure)


def _masks(explored: Explored) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    labels = explored.films.labels
    return [(visible(name), labels == label) for label, name in enumerate(explored.folder.labels)]

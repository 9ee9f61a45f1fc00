"""``training.html``: how a training run went and what its model reaches on validation, in pictures."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from xrayscan.files.text import visible
from xrayscan.model.backend import Epoch
from xrayscan.model.card import UNNAMED
from xrayscan.report import plots
from xrayscan.report.chart import COLOURS, stamped
from xrayscan.report.html.page import write_page
from xrayscan.training.calibrate import cross_fitted
from xrayscan.training.plan import Trained, validation_probabilities

PAGE_FILE = "training.html"
SHOWN = 12  # films in each grid
NAME = "validation"


def write_training_page(path: str, trained: Trained, measured: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Write the page; ``measured`` is what ``metrics.json`` holds. Raises: OutputError."""
    labels, probabilities = validation_probabilities(trained)
    card = trained.model.card
    side, seed = trained.films.validation, int(card.training["seed"])
    held_out = cross_fitted(trained.logits, labels, trained.films.groups[side], seed)
    curve = plots.Curve(NAME, labels, probabilities)
    threshold = card.operating_point("balanced").threshold
    write_page(
        path,
        "training.html",
        card=card,
        unnamed=UNNAMED,
        metrics=measured,
        films=trained.films,
        asked={key: value for key, value in asked.items() if value is not None},
        epochs=trained.epochs,
        learning=[stamped(figure, card) for figure in learning_curves(trained.epochs)],
        confusion=stamped(plots.confusion_matrix(**measured["confusion"], labels=card.labels), card),
        roc=stamped(plots.roc([curve]), card),
        precision_recall=stamped(plots.precision_recall([curve]), card),
        calibration=stamped(plots.reliability([plots.Curve("validation, cross-fitted", labels, held_out)]), card),
        sweep=stamped(plots.threshold_sweep(curve, threshold), card),
        grids=_grids(trained, labels, probabilities, threshold),
    )


def learning_curves(epochs: tuple[Epoch, ...]) -> list[Markup]:
    """Loss, AUROC, accuracy with recall and precision, and learning rate, over the epochs."""
    figures = [_both(epochs, "loss", "loss"), _both(epochs, "auroc", "AUROC"), _both(epochs, "accuracy", "accuracy")]
    figures += [_both(epochs, "recall", "recall"), _both(epochs, "precision", "precision")]
    return [*figures, _lines(epochs, {"learning rate": "learning_rate"}, "learning rate")]


def _both(epochs: tuple[Epoch, ...], name: str, title: str) -> Markup:
    return _lines(epochs, {"training": f"train_{name}", "validation": f"val_{name}"}, title)


def _lines(epochs: tuple[Epoch, ...], columns: Mapping[str, str], title: str) -> Markup:
    figure, axes = plots.new(4.2, 2.9)
    numbers = [epoch.number for epoch in epochs]
    for (label, column), colour, style in zip(columns.items(), COLOURS, plots.STYLES, strict=False):
        values = [getattr(epoch, column) for epoch in epochs]
        axes.plot(numbers, values, label=label, color=colour, linestyle=style, marker=".", linewidth=1.6)
    if best := [epoch.number for epoch in epochs if epoch.best]:
        axes.axvline(best[-1], color=plots.INK, linewidth=1, alpha=0.5)
    axes.set(xlabel="epoch", title=title)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(columns) > 1:
        axes.legend()
    return plots.svg(figure)


def _grids(
    trained: Trained, labels: npt.NDArray[np.uint8], probabilities: npt.NDArray[np.float64], threshold: float
) -> list[dict[str, Any]]:
    """The most confident hits, misses and false alarms among the validation films."""
    flagged, found = probabilities >= threshold, labels == 1
    label = visible(trained.model.card.labels[1])
    kinds = (
        ("Hits", f"with {label}, flagged, the most confident first", flagged & found, -1),
        ("Misses", f"with {label}, not flagged, the most confident first", ~flagged & found, 1),
        ("False alarms", f"without {label}, flagged, the most confident first", flagged & ~found, -1),
    )
    return [
        {"title": title, "text": text, "count": int(mask.sum()), "films": _shown(trained, probabilities, mask, sign)}
        for title, text, mask, sign in kinds
    ]


def _shown(
    trained: Trained, probabilities: npt.NDArray[np.float64], mask: npt.NDArray[np.bool_], sign: int
) -> list[dict[str, Any]]:
    chosen = sorted(np.flatnonzero(mask), key=lambda n: (sign * probabilities[n], n))[:SHOWN]
    films, side = trained.films, trained.films.validation
    return [
        {
            "image": plots.thumbnail(np.asarray(films.decoded.pixels[side[n]])),
            "name": os.path.basename(films.decoded.films[side[n]].path),
            "probability": float(probabilities[n]),
        }
        for n in chosen
    ]

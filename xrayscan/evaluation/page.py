"""The evaluation as a page: a table of figures, overlaid curves, and films each model was surest and wrong about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.evaluation.evaluator import Evaluated, Evaluation
from xrayscan.evaluation.figures import COMPARED, NAMES, classification_report, sweep
from xrayscan.evaluation.groups import GROUP_FIGURES
from xrayscan.files.text import visible
from xrayscan.report import plots
from xrayscan.report.chart import stamped
from xrayscan.report.html.page import write_page
from xrayscan.scanning.row import pixel_column

FILMS_SHOWN = 8  # of each kind
EXAMPLES_SHOWN = 6  # of each group


@dataclass(frozen=True, slots=True)
class ShownFilm:
    """A thumbnail with what there is to say of it."""

    image: str  # data URI
    name: str
    label: str
    probability: float


def write_evaluation_page(evaluation: Evaluation, path: str) -> None:
    """Write the page. Raises: OutputError if it cannot be written."""
    labels = evaluation.films.labels
    names = (visible(evaluation.films.folder.labels[0]), visible(evaluation.films.folder.labels[1]))
    curves = [plots.Curve(visible(m.title), labels, m.probabilities) for m in evaluation.models]
    write_page(
        path,
        "evaluation.html",
        evaluation=evaluation,
        names=NAMES,
        compared=[name for name in NAMES if name in COMPARED],
        figures=[plots.roc(curves), plots.precision_recall(curves), plots.reliability(curves)],
        group_figures=GROUP_FIGURES,
        examples=_examples(evaluation),
        models=[
            {
                "is": model,
                "confusion": stamped(plots.confusion_matrix(**model.confusion(labels), labels=names), model.model.card),
                "sweep_figure": stamped(plots.threshold_sweep(curve, model.threshold), model.model.card),
                "sweep": sweep(labels, model.probabilities),
                "report": classification_report(labels, model.flagged, names, as_dict=False),
                "films": _films(model, evaluation),
            }
            for model, curve in zip(evaluation.models, curves, strict=True)
        ],
    )


def _examples(evaluation: Evaluation) -> list[Sequence[ShownFilm]]:
    """Films of each group from all over the folder, positive ones last, with the first model's probability."""
    if evaluation.groups is None:
        return []
    labels, number, first = evaluation.films.labels, evaluation.groups.number, evaluation.models[0]
    examples: list[Sequence[ShownFilm]] = []
    for group in range(len(evaluation.groups.names)):
        sides = [np.flatnonzero((number == group) & (labels == label)) for label in (0, 1)]
        each = EXAMPLES_SHOWN // sum(1 for side in sides if len(side))
        some = np.concatenate([_spread(side, each) for side in sides])
        examples.append([_film(first, evaluation, int(n)) for n in some])
    return examples


def _spread(indices: npt.NDArray[np.intp], most: int) -> npt.NDArray[np.intp]:
    """So many of the indices, evenly spaced among them."""
    return indices[np.unique(np.linspace(0, len(indices) - 1, most).astype(int))] if len(indices) else indices


def _films(model: Evaluated, evaluation: Evaluation) -> dict[str, Sequence[ShownFilm]]:
    """The films of each kind that the model was surest about."""
    found, sure = evaluation.films.labels == 1, model.probabilities
    flagged = model.flagged
    return {
        "Most confident hits": _shown(model, evaluation, found & flagged, -sure),
        "Most confident misses": _shown(model, evaluation, found & ~flagged, sure),
        "Most confident false alarms": _shown(model, evaluation, ~found & flagged, -sure),
    }


def _shown(
    model: Evaluated, evaluation: Evaluation, kind: npt.NDArray[np.bool_], order: npt.NDArray[Any]
) -> list[ShownFilm]:
    indices = np.flatnonzero(kind)
    indices = indices[np.argsort(order[indices], kind="stable")][:FILMS_SHOWN]
    return [_film(model, evaluation, int(n)) for n in indices]


def _film(model: Evaluated, evaluation: Evaluation, n: int) -> ShownFilm:
    films = evaluation.films
    pixels = films.pixels[pixel_column(model.model.card.input)]
    label = visible(films.folder.labels[films.labels[n]])
    return ShownFilm(plots.thumbnail(pixels[n]), films.films[n].path, label, float(model.probabilities[n]))

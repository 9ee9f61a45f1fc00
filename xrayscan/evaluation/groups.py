"""Films in groups, by style or by a column of the label CSV, and how good a model is in each."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.dataset.labelled_folder import LabelledFilm
from xrayscan.dataset.styles import FEWEST, find_styles
from xrayscan.errors import UsageError
from xrayscan.evaluation.figures import Figures, auroc_figures, ece_figures, joined, mean, share_figures
from xrayscan.evaluation.films import TestFilms
from xrayscan.model.backend import Predictor
from xrayscan.model.input_spec import InputSpec
from xrayscan.scanning.row import pixel_column
from xrayscan.statistics.metrics import Floats, Labels, Resampler

STYLE = "style"
MOST_GROUPS = 40
UNNAMED = "(empty)"  # the group of films whose cell is
GROUP_FIGURES = ("auroc", "sensitivity", "specificity", "ece")
LOWER_IS_BETTER = ("ece",)


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each film is in. ``by`` is "style" or a column's heading; ``number`` (N,) counts from 0."""

    by: str
    names: tuple[str, ...]
    number: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What one group holds, and those of `GROUP_FIGURES` for which it has films enough: `FEWEST` of a label."""

    name: str
    films: int
    with_finding: int
    figures: Figures

    def too_few(self, label: str) -> str:
        """Which films with or without ``label`` are too few for the figures that are missing; empty if none is."""
        few = {"with": self.with_finding, "without": self.films - self.with_finding}
        short = [f"{count} {which} {label}" for which, count in few.items() if count < FEWEST]
        return f"too few films: {', '.join(short)}" if short else ""


@dataclass(frozen=True, slots=True)
class ByGroup:
    """The figures of every group, their mean over groups, and in which group each is worst."""

    groups: tuple[GroupFigures, ...]
    mean: Figures
    worst: Mapping[str, GroupFigures]


def by_style(films: TestFilms, predictor: Predictor, spec: InputSpec, *, count: int, seed: int) -> Groups:
    """Group films by how they look, as `find_styles` does with a model's own network, the largest group first."""
    found = find_styles(films.pixels[pixel_column(spec)], seed, count=count, predictor=predictor)
    sizes = np.bincount(found)
    order = np.argsort(-sizes, kind="stable")
    return Groups(STYLE, tuple(f"style {n + 1}" for n in range(len(sizes))), np.argsort(order)[found])


def by_column(films: Sequence[LabelledFilm], column: str) -> Groups:
    """Group films by what a column of the label CSV says of them. Raises: UsageError for one that is no such column."""
    known = sorted({name for film in films for name in film.columns})
    if column.casefold() not in known:
        there = f"The label CSV has {', '.join(known)}." if known else "No label CSV with such a column was given."
        raise UsageError(f"films cannot be grouped by {column!r}: give {STYLE}, or the heading of a column. {there}")
    cells = [film.columns.get(column.casefold()) or UNNAMED for film in films]
    names = sorted(set(cells))
    if len(names) > MOST_GROUPS:
        raise UsageError(f"column {column!r} makes {len(names)} groups: give one that makes {MOST_GROUPS} at most")
    return Groups(column, tuple(names), np.array([names.index(cell) for cell in cells], np.intp))


def figures_by_group(
    groups: Groups, labels: Labels, probabilities: Floats, threshold: float, resampler: Resampler
) -> ByGroup:
    """Return the figures of each group at one threshold, with intervals from the resamples of all films."""
    rows = tuple(
        _group(name, groups.number == n, labels, probabilities, threshold, resampler)
        for n, name in enumerate(groups.names)
    )
    known = {figure: [row for row in rows if figure in row.figures.values] for figure in GROUP_FIGURES}
    told = {figure: held for figure, held in known.items() if held}
    worst = {figure: _worst(held, figure) for figure, held in told.items()}
    means = (mean([row.figures for row in held], figure) for figure, held in told.items())
    return ByGroup(rows, joined(*means), worst)


def _worst(rows: Sequence[GroupFigures], figure: str) -> GroupFigures:
    values = [row.figures.values[figure] for row in rows]
    return rows[values.index(max(values) if figure in LOWER_IS_BETTER else min(values))]


def _group(
    name: str,
    inside: npt.NDArray[np.bool_],
    labels: Labels,
    probabilities: Floats,
    threshold: float,
    resampler: Resampler,
) -> GroupFigures:
    labels, probabilities = labels[inside], probabilities[inside]
    some = dataclasses.replace(resampler, patients=resampler.patients[inside])
    with_finding, flagged = labels == 1, probabilities >= threshold
    found, clear = int(with_finding.sum()), int((~with_finding).sum())
    told: list[Figures] = []
    if min(found, clear) >= FEWEST:
        told.append(auroc_figures(labels, probabilities, some))
    if found >= FEWEST:
        told.append(share_figures("sensitivity", flagged, with_finding, some))
    if clear >= FEWEST:
        told.append(share_figures("specificity", ~flagged, ~with_finding, some))
    if len(labels) >= FEWEST:
        told.append(ece_figures(labels, probabilities, some))
    return GroupFigures(name, len(labels), found, joined(*told))

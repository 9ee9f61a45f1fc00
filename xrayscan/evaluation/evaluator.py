"""Score films that models have never seen, and measure what the models say of them."""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.dataset.cache import film_cache
from xrayscan.dataset.decoded import contradictions
from xrayscan.dataset.labelled_folder import LabelledFolder
from xrayscan.errors import InputError, UsageError
from xrayscan.evaluation.figures import (
    NAMES,
    Figures,
    at_prevalence,
    at_threshold,
    difference,
    ranked,
    reading_queue,
)
from xrayscan.evaluation.films import TestFilms, read_films, without
from xrayscan.evaluation.groups import STYLE, ByGroup, Groups, by_column, by_style, figures_by_group
from xrayscan.evaluation.overlap import Overlap, overlap, refuse_or_warn
from xrayscan.evaluation.settings import EvaluateSettings
from xrayscan.files.paths import Path, path_text, path_texts
from xrayscan.files.text import counted
from xrayscan.model.card import OperatingPoint
from xrayscan.model.file import Model, load_model
from xrayscan.plugin.loading import load_predictor
from xrayscan.scanning.hardware import Hardware
from xrayscan.scanning.row import Row, pixel_column
from xrayscan.scanning.score import BatchScorer
from xrayscan.scanning.workers import reader_count
from xrayscan.statistics.metrics import CELLS, Resampler, confusion
from xrayscan.store.record import UNLIKE
from xrayscan.worklist.trust import MOST_UNLIKE

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one model said of the films, and how good that is."""

    reference: str  # what the user called the model
    model: Model
    overlap: Overlap | None  # None: the model file does not say what it was trained on
    probabilities: Probabilities  # (N,)
    point: OperatingPoint | None  # None: the threshold is the user's own
    threshold: float
    ranked: Figures
    at_threshold: Figures
    at_points: Mapping[str, Figures]  # at each operating point of the model
    queue: Figures
    at_prevalence: Figures | None
    difference: Figures | None  # to the first model; None for the first model itself
    by_group: ByGroup | None = None  # None: films were not grouped

    @property
    def title(self) -> str:
        """What readers are shown for it: as the user called it, marked if it comes from a smoke test."""
        return self.model.card.marked(self.reference)

    @property
    def flagged(self) -> npt.NDArray[np.bool_]:
        """Which films (N,) it flags."""
        return self.probabilities >= self.threshold

    def confusion(self, labels: npt.NDArray[np.uint8]) -> dict[str, int]:
        """Counts of the films in each cell of the confusion matrix."""
        counts = confusion(labels, self.probabilities, self.threshold).sum(0)
        return {name: int(count) for name, count in zip(CELLS, counts, strict=True)}

    @property
    def values(self) -> dict[str, float]:
        """Every figure by name."""
        return {**self.ranked.values, **self.at_threshold.values}

    @property
    def brief(self) -> str:
        """The figures that people ask for first, in words."""
        figures = (f"{NAMES[name]} {self.values[name]:.3f}" for name in ("auroc", "sensitivity", "specificity"))
        return f"{', '.join(figures)} at {self.threshold:.4f}"

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Every figure's 95 % interval by name."""
        return {**self.ranked.intervals, **self.at_threshold.intervals}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One folder, evaluated by one model or several."""

    directory: str
    films: TestFilms
    models: tuple[Evaluated, ...]
    warnings: tuple[str, ...]  # sentences that belong to every figure
    settings: EvaluateSettings
    groups: Groups | None = None  # None: films were not grouped

    @property
    def unseen(self) -> bool:
        """Whether it was checked that no model was trained or tuned on any of the films."""
        return all(model.overlap is not None and not model.overlap.films for model in self.models)

    def __repr__(self) -> str:
        told = [f"{one.title}: {one.brief}" for one in self.models]
        return f"<{type(self).__name__} on {counted(len(self.films.labels), 'film')}; {'; '.join(told)}>"


def evaluate(
    references: Path | Iterable[Path],
    folder: LabelledFolder,
    directory: Path,
    settings: EvaluateSettings = EvaluateSettings(),
) -> Evaluation:
    """Evaluate models on a labelled folder, as `read_folder` returns it, that none of them has seen.

    Raises: InputError if a model was trained or tuned on some of the films and ``allow_overlap`` is not set, a label
    has no readable film, or all films are of one patient; ModelError for a model that cannot be used; UsageError if a
    model is given twice, or for a column that films cannot be grouped by.
    """
    if settings.by not in (None, STYLE):
        by_column(folder.films, settings.by)  # before the work
    models = _loaded(list(path_texts(references)))
    points = {reference: _point(model, settings) for reference, model in models.items()}
    workers = reader_count(settings.workers)
    specs = [model.card.input for model in models.values()]
    cache = film_cache(settings.cache, settings.cache_size)
    films = read_films(folder, settings.split, specs, workers=workers, cache=cache, on_film=settings.on_film)
    _refuse_one_patient(films)
    keys = [film.patient_key for film in films.films]
    overlaps = {
        reference: overlap(model.seen, films.digests, films.hashes, keys) if model.seen else None
        for reference, model in models.items()
    }
    warnings = [*refuse_or_warn(overlaps, settings.allow_overlap), *_notes(models, folder), *folder.warnings]
    warnings += contradictions(films.films, films.digests, folder.labels)
    films, probabilities, unlike = _scored(films, list(models.values()), settings)
    if unlike > MOST_UNLIKE * len(films.labels):
        of = f"{unlike:,} of {counted(len(films.labels), 'film')} ({unlike / len(films.labels):.0%})"
        warnings.append(f"{of} are unlike those that {next(iter(models))} was trained on: a scan sets them apart.")
    groups = _groups(films, next(iter(models.values())), settings)
    resampler = Resampler.from_patients(films.groups, seed=settings.seed, resamples=settings.resamples)
    evaluated: list[Evaluated] = []
    for n, (reference, model) in enumerate(models.items()):
        one = _evaluated(reference, model, points[reference], films, probabilities[:, n], resampler, settings)
        if groups:
            found = figures_by_group(groups, films.labels, one.probabilities, one.threshold, resampler)
            one = dataclasses.replace(one, by_group=found)
        first = evaluated[0] if evaluated else None
        gap = difference(_all(one), _all(first)) if first else None
        evaluated.append(dataclasses.replace(one, overlap=overlaps[reference], difference=gap))
    return Evaluation(path_text(directory), films, tuple(evaluated), tuple(warnings), settings, groups)


def _refuse_one_patient(films: TestFilms) -> None:
    """Intervals are drawn by patient: of a single one, each would hold exactly its own figure."""
    if len(np.unique(films.groups)) == 1:
        raise InputError(
            f"all films are of one patient (IDs from {films.folder.patients_by}), or copies of one film, which say "
            "nothing of others: tell patients apart with --patient-column or --patient-pattern"
        )


def _loaded(references: Sequence[str]) -> dict[str, Model]:
    names = [reference.rstrip(os.sep) or reference for reference in references]
    if len(set(names)) < len(names):
        raise UsageError("a model is given twice: give each one once")
    return {name: load_model(name) for name in names}


def _point(model: Model, settings: EvaluateSettings) -> OperatingPoint | None:
    if settings.threshold is not None:
        return None
    if settings.operating_point is not None:
        return model.card.operating_point(settings.operating_point)
    return model.card.operating_points[0]


def _notes(models: Mapping[str, Model], folder: LabelledFolder) -> Iterator[str]:
    for reference, model in models.items():
        if model.card.is_trial:
            yield f"{reference}: {model.card.trial_note}."
        if model.card.labels[1].casefold() != folder.labels[1].casefold():
            yield f"{reference} looks for {model.card.labels[1]}, but the folder's label is {folder.labels[1]}."


def _scored(films: TestFilms, models: list[Model], settings: EvaluateSettings) -> tuple[TestFilms, Probabilities, int]:
    """Score films as `xrayscan predict` does; those without a finite logit fail, with their reason.

    The number is how many of the scored films the first model's gate flags as unlike training.
    """
    hardware = Hardware.from_placement(settings.placement)
    stage = BatchScorer(models, hardware.placement, hardware.batch_size, hardware.streams)
    columns = {pixel_column(model.card.input) for model in models}
    rows = [{name: films.pixels[name][n] for name in columns} for n in range(len(films.films))]
    batches = [rows[at : at + stage.batch_size] for at in range(0, len(rows), stage.batch_size)]
    done: list[Row] = []
    restore = hardware.one_thread_each()
    try:
        with ThreadPoolExecutor(stage.streams) as pool:
            for batch in pool.map(stage, batches):
                done.extend(batch)
                settings.on_scored(len(done), len(rows))
    finally:
        restore()
    left_out = {n: str(row["reason"]) for n, row in enumerate(done) if row.get("reason")}
    scored = [row for row in done if not row.get("reason")]
    probabilities = np.array([row["probabilities"] for row in scored], np.float64)
    unlike = sum(UNLIKE in row.get("flags", ()) for row in scored)
    return (without(films, left_out) if left_out else films), probabilities, unlike


def _groups(films: TestFilms, first: Model, settings: EvaluateSettings) -> Groups | None:
    """The groups asked for. Styles are told from what the first model's network sees, for every model alike."""
    if settings.by is None:
        return None
    if settings.by != STYLE:
        return by_column(films.films, settings.by)
    # Its own network tells styles apart; what runs it as a graph gives no layers.
    placement = settings.placement if first.graph else dataclasses.replace(settings.placement, runtime="torch")
    predictor = load_predictor(first, placement)
    return by_style(films, predictor, first.card.input, count=settings.styles, seed=settings.seed)


def _evaluated(
    reference: str,
    model: Model,
    point: OperatingPoint | None,
    films: TestFilms,
    probabilities: Probabilities,
    resampler: Resampler,
    settings: EvaluateSettings,
) -> Evaluated:
    labels, prevalence = films.labels, settings.prevalence
    threshold = point.threshold if point else float(settings.threshold or 0)
    flagged = at_threshold(labels, probabilities, threshold, resampler)
    points = model.card.operating_points
    return Evaluated(
        reference=reference,
        model=model,
        overlap=None,
        probabilities=probabilities,
        point=point,
        threshold=threshold,
        ranked=ranked(labels, probabilities, resampler),
        at_threshold=flagged,
        at_points={p.name: at_threshold(labels, probabilities, p.threshold, resampler) for p in points},
        queue=reading_queue(labels, probabilities, resampler, seed=settings.seed, prevalence=prevalence),
        at_prevalence=at_prevalence(flagged, prevalence) if prevalence is not None else None,
        difference=None,
    )


def _all(one: Evaluated) -> Figures:
    return Figures(one.values, one.intervals, {**one.ranked.draws, **one.at_threshold.draws})

"""Labelled films of a site → the same model with this site's calibration, thresholds and gate."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from xrayscan.calibration.certainty import WIDTHS, films_needed
from xrayscan.calibration.costs import Costs, Line, every_threshold, lines
from xrayscan.calibration.crossfit import Fitted, fit_and_judge
from xrayscan.calibration.gate import SiteGate, unlikeness_of, with_site_gate
from xrayscan.dataset.decoded import contradictions
from xrayscan.dataset.labelled_folder import LabelledFolder
from xrayscan.errors import InputError, ModelError, OutputError
from xrayscan.evaluation.figures import Figures, at_threshold, ranked
from xrayscan.evaluation.films import ALL, TestFilms, read_films
from xrayscan.evaluation.overlap import overlap
from xrayscan.model.backend import Placement
from xrayscan.model.batches import predict_logits
from xrayscan.model.card import ModelCard, OperatingPoint
from xrayscan.model.file import Model, check_suffix, load_model, save_changed
from xrayscan.model.provenance import Provenance
from xrayscan.plugin.loading import load_predictor
from xrayscan.scanning.row import pixel_column
from xrayscan.scanning.workers import reader_count
from xrayscan.statistics.metrics import Floats, Resampler
from xrayscan.training.calibrate import calibrated

FEWEST, FEWEST_PATIENTS = 30, 5  # films altogether, and patients of each label
USEFUL_AUROC = 0.8  # of the lower bound: below, no calibration makes a model useful


@dataclass(frozen=True, slots=True)
class CalibrateSettings:
    """How to calibrate. ``costs`` add an operating point, ``lowest-cost``, and a column to the table."""

    name: str | None = None  # of the new model; None: that of the old one with "at a site" behind it
    costs: Costs | None = None
    split: str | None = ALL
    seed: int = 0
    placement: Placement = Placement()
    workers: int | None = None
    on_film: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The new model, and what it reaches on the films that made it: each was left out of the fit that judged it."""

    model: Model
    films: TestFilms
    before: Figures  # by the model as it was, at its first operating point
    after: Figures  # at "balanced"
    table: tuple[Line, ...]  # at every threshold
    points: Mapping[str, Line]  # at each operating point
    costs: Costs  # of both
    needed: Mapping[str, Mapping[float, int]]  # sensitivity, specificity → half-width of its interval → films
    gate: SiteGate | None  # None: the model has none
    warnings: tuple[str, ...]


def calibrate(
    reference: str, folder: LabelledFolder, out: str, settings: CalibrateSettings = CalibrateSettings()
) -> Calibrated:
    """Fit calibration and thresholds of a model to a site's films, and write the new model file ``out``.

    The weights stay as they are, bit for bit; the films join those that the model has seen. The gate is set to pass
    films of the site, unless the model is of no use there.
    Raises: InputError for too few films or patients, or films that the model has seen; ModelError for a model that
    cannot be used, or does not say what it has seen; UsageError for an ``out`` that ends as another kind of model
    does; OutputError if it cannot be written.
    """
    model = load_model(reference)
    if model.seen is None:
        raise ModelError(f"{reference} does not say on which films it was trained: train it again, then calibrate")
    check_suffix(model, out)
    workers = reader_count(settings.workers)
    films = read_films(folder, settings.split, [model.card.input], workers=workers, on_film=settings.on_film)
    _refuse(films, model.seen, reference)
    pixels = films.pixels[pixel_column(model.card.input)]
    predictor = load_predictor(model, settings.placement)
    logits = predict_logits(predictor, pixels).astype(np.float64)
    if not np.isfinite(logits).all():
        raise ModelError(f"{reference} gives no finite number for some of these films")
    fitted = fit_and_judge(model.card, logits, films.labels, films.groups, costs=settings.costs, seed=settings.seed)
    resampler = Resampler.from_patients(films.groups, seed=settings.seed)
    before = calibrated(model.card.calibration, logits)
    figures = {
        "before": _figures(films, before, before, model.card.operating_points[0].threshold, resampler),
        "after": _figures(films, fitted.held_out, before, fitted.thresholds["balanced"], resampler),
    }
    useless = _useless(figures["before"])
    unlikeness, tensors, gate = unlikeness_of(predictor, pixels), model.tensors, None
    if unlikeness is not None:
        tensors, gate = with_site_gate(tensors, unlikeness, may_rise=not useless)
    card = _card(model.card, films, fitted, figures["after"], resampler, settings.name)
    seen = Provenance.from_films(films.digests, films.hashes, [film.patient_key for film in films.films])
    try:
        save_changed(out, dataclasses.replace(model, card=card, tensors=tensors, seen=model.seen.united(seen)))
    except OSError as error:
        raise OutputError(f"{out}: {error.strerror}: choose another --out") from error
    costs = settings.costs or Costs()
    return Calibrated(
        load_model(out),
        films,
        **figures,
        table=lines(films.labels, fitted.held_out, every_threshold(fitted.held_out), resampler, costs),
        points={
            name: line
            for name, limit in fitted.thresholds.items()
            for line in lines(films.labels, fitted.held_out, [limit], resampler, costs)
        },
        costs=costs,
        needed=_needed(card, films),
        gate=gate,
        warnings=(*folder.warnings, *contradictions(films.films, films.digests, folder.labels), *useless),
    )


def _refuse(films: TestFilms, seen: Provenance, reference: str) -> None:
    known = overlap(seen, films.digests, films.hashes, [film.patient_key for film in films.films])
    if known.films:
        raise InputError(f"{reference} was trained or tuned on {known}: calibrate on films that it has never seen")
    people = [len(np.unique(films.groups[films.labels == label])) for label in (0, 1)]
    if len(films.labels) < FEWEST or min(people) < FEWEST_PATIENTS:
        told = " and ".join(f"{count} of {name}" for count, name in zip(people, films.folder.labels, strict=True))
        raise InputError(
            f"{len(films.labels)} readable films, patients: {told}. Give {FEWEST} films or more, better 50, of "
            f"at least {FEWEST_PATIENTS} patients of each label"
        )


def _figures(films: TestFilms, probabilities: Floats, order: Floats, limit: float, resampler: Resampler) -> Figures:
    """Figures of calibrated probabilities (N,); how films are ordered is not a calibration's doing: ``order`` (N,)."""
    scored = ranked(films.labels, probabilities, resampler)
    ordered = ranked(films.labels, order, resampler)
    flagged = at_threshold(films.labels, probabilities, limit, resampler)
    names = ("auroc", "auprc")
    return Figures(
        {**scored.values, **{name: ordered.values[name] for name in names}, **flagged.values},
        {**scored.intervals, **{name: ordered.intervals[name] for name in names}, **flagged.intervals},
        {},
    )


def _card(
    old: ModelCard, films: TestFilms, fitted: Fitted, figures: Figures, resampler: Resampler, name: str | None
) -> ModelCard:
    """The old card with this site's calibration, operating points and figures."""
    counts = {"films": len(films.labels), "patients": len(np.unique(films.groups))}
    names = ("auroc", "auprc", "brier", "ece")
    return dataclasses.replace(
        old,
        name=name or f"{old.name} at a site",
        prevalence=float(films.labels.mean()),
        calibration=fitted.calibration,
        operating_points=tuple(
            _point(name, limit, fitted, films, resampler) for name, limit in fitted.thresholds.items()
        ),
        metrics={
            **counts,
            "with_finding": int(films.labels.sum()),
            **{name: float(figures.values[name]) for name in names},
            **{f"{name}_ci95": tuple(map(float, figures.intervals[name])) for name in names},
        },
        training={**old.training, **{f"calibrated_on_{what}": count for what, count in counts.items()}},
    )


def _point(name: str, limit: float, fitted: Fitted, films: TestFilms, resampler: Resampler) -> OperatingPoint:
    flagged, cases = fitted.flagged[name], films.labels == 1
    return OperatingPoint(
        name,
        limit,
        float(flagged[cases].mean()),
        float((~flagged)[~cases].mean()),
        resampler.share(flagged, cases),
        resampler.share(~flagged, ~cases),
    )


def _needed(card: ModelCard, films: TestFilms) -> dict[str, dict[float, int]]:
    """How many films it takes to know sensitivity and specificity as surely as this, at what they are here."""
    point, share = card.operating_point("balanced"), float(films.labels.mean())
    reached = {"sensitivity": (point.sensitivity, share), "specificity": (point.specificity, 1 - share)}
    return {
        name: {width: films_needed(value, width, 1 / of) for width in WIDTHS} for name, (value, of) in reached.items()
    }


def _useless(before: Figures) -> tuple[str, ...]:
    low, high = before.intervals["auroc"]
    if low >= USEFUL_AUROC:
        return ()
    return (
        f"the model hardly tells these films apart (AUROC {low:.2f} to {high:.2f}): no calibration mends that, so do "
        "not rely on it here",
    )

"""Train a model on a labelled folder: split by patient, fit, calibrate, measure, and leave a run folder."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from xrayscan.dataset.cache import film_cache
from xrayscan.dataset.decoded import contradictions, decode_films
from xrayscan.dataset.labelled_folder import LabelledFilm, LabelledFolder, read_folder
from xrayscan.dataset.split import divide, for_training, patient_groups
from xrayscan.dataset.styles import find_styles
from xrayscan.errors import InputError
from xrayscan.files.paths import Path, path_text
from xrayscan.model.batches import predict_logits
from xrayscan.model.card import TRIAL, TRIAL_MARK, ModelCard
from xrayscan.model.file import MODEL_FILE, load_model, save_model
from xrayscan.model.gate import GatedPredictor
from xrayscan.model.input_spec import InputSpec
from xrayscan.model.provenance import Provenance, split_tensors
from xrayscan.network.pretrained import weights_seen
from xrayscan.network.process_group import first_alone, refuse_unequal, told_by_first
from xrayscan.plugin.callback import listening
from xrayscan.scanning.workers import reader_count
from xrayscan.training.gate import flagged_shares, teach_gate
from xrayscan.training.measure import Measured, measure
from xrayscan.training.plan import Plan, SplitFilms, Trained, TrainSettings
from xrayscan.training.run_folder import Run, alone_in

VALIDATION_SHARE = 0.2
FEWEST = 2  # films of a label that calibration can be cross-fitted on
FAST_PATIENTS = 30  # of each label, in a trial run


def train(directory: Path, out: Path, settings: TrainSettings = TrainSettings()) -> Trained:
    """Train on a labelled folder and leave a run folder: model, history, metrics, split, recipe and report.

    Validation films (20 % of the patients) steer early stopping, then calibrate and are measured; the weights never
    see them. Films of a test folder are not read. Of several processes that train together (``settings.fit.ranks``),
    the first one writes, and all return when it has.
    Raises: InputError for a folder that cannot be trained on, ModelError for unknown backends or parameters,
    OutputError if ``out`` cannot be written, holds a run that was cut off or is being written to by another training,
    UsageError if what is resumed was another run.
    """
    plan = Plan.from_settings(settings)
    folder = read_folder(path_text(directory), settings.folder)
    with alone_in(path_text(out), settings):
        return _train(path_text(directory), path_text(out), folder, plan, settings)


def _train(directory: str, out: str, folder: LabelledFolder, plan: Plan, settings: TrainSettings) -> Trained:
    ranks = settings.fit.ranks
    with first_alone(ranks):
        run = Run.open(directory, out, plan, settings)
        films = _divided(folder, plan.spec, settings)
        kept = run.start(films)
    refuse_unequal(ranks, run.identity)
    settings.on_split(films, kept.epochs if kept else ())
    validation = films.films(films.validation)
    fit = dataclasses.replace(
        settings.fit,
        params=plan.training,
        weights=plan.weights,
        on_snapshot=run.save_checkpoint if ranks.first else None,
        resume=kept,
    )
    with listening(plan.listeners if ranks.first else {}, run.told()) as tell:
        fit = dataclasses.replace(fit, on_epoch=run.recorder(tell, settings.fit.on_epoch))
        made = plan.backend.fit(plan.params, plan.spec, films.films(films.training), validation, fit)
    if not ranks.first:
        logits = told_by_first(ranks, np.zeros(len(validation), np.float32))
        return Trained(load_model(run.path(MODEL_FILE)), films, run.epochs, logits, ())
    tensors, inherited = split_tensors(made)
    seen = _seen(films, inherited, weights_seen(plan.weights))
    exact = dataclasses.replace(fit.placement, precision="fp32")  # as scans compute, whatever training did
    predictor = plan.backend.load(plan.params, plan.spec, tensors, exact)
    logits = predict_logits(predictor, validation.pixels)
    measured = measure(
        logits,
        validation.labels,
        films.groups[films.validation],
        seed=fit.seed,
        targets=settings.targets,
        styles=find_styles(validation.pixels, fit.seed),
        balanced=plan.training.positive_share > 0,
    )
    gate = teach_gate(predictor, films.decoded.pixels[films.training], validation.pixels, seed=fit.seed)
    if gate:
        flagged = flagged_shares(GatedPredictor(predictor, gate), validation.pixels, seed=fit.seed)
        measured = dataclasses.replace(measured, metrics={**measured.metrics, "flagged": flagged})
    card = _card(plan, films, settings, measured, seen)
    save_model(run.path(MODEL_FILE), card, {**tensors, **(gate.tensors() if gate else {})}, seen)
    trained = run.finalise(Trained(load_model(run.path(MODEL_FILE)), films, run.epochs, logits, ()))
    told_by_first(ranks, logits)
    return trained


def split_films(directory: str, spec: InputSpec, settings: TrainSettings) -> SplitFilms:
    """Read a labelled folder and divide it by patient. Deterministic for a folder, a seed and a spec."""
    return _divided(read_folder(directory, settings.folder), spec, settings)


def _divided(folder: LabelledFolder, spec: InputSpec, settings: TrainSettings) -> SplitFilms:
    workers = reader_count(settings.workers)
    films, left_out = for_training(folder)
    chosen = _few(films) if settings.fast_dev_run else films
    cache = film_cache(settings.cache, settings.cache_size)
    decoded = decode_films(chosen, spec, workers=workers, cache=cache, on_film=settings.on_film)
    labels = np.array([film.label for film in decoded.films], np.uint8)
    groups = patient_groups([film.patient for film in decoded.films], decoded.digests)
    division = divide(decoded.films, groups, VALIDATION_SHARE, settings.fit.seed)
    for label, name in enumerate(folder.labels):
        if (count := int((labels[division.validation] == label).sum())) < FEWEST:
            raise InputError(
                f"only {count} of {int((labels == label).sum())} films of {name} would be left to validate on: "
                "add films of more patients"
            )
    warnings = (
        *folder.warnings,
        *left_out,
        *division.warnings,
        *contradictions(decoded.films, decoded.digests, folder.labels),
    )
    return SplitFilms(folder, decoded, labels, groups, division.training, division.validation, warnings)


def _few(films: Sequence[LabelledFilm]) -> list[LabelledFilm]:
    """One film each of the first patients of each label."""
    first: dict[tuple[int, str], LabelledFilm] = {}
    for film in films:
        first.setdefault((film.label, film.patient), film)
    return [film for label in (0, 1) for film in [f for f in first.values() if f.label == label][:FAST_PATIENTS]]


def _card(plan: Plan, films: SplitFilms, settings: TrainSettings, measured: Measured, seen: Provenance) -> ModelCard:
    return ModelCard(
        name=f"{settings.name} {TRIAL_MARK}" if settings.fast_dev_run else settings.name,
        backend=plan.backend.name,
        parameters=dataclasses.asdict(plan.params),
        input=plan.spec,
        labels=films.folder.labels,
        prevalence=plan.training.positive_share or float(films.labels[films.validation].mean()),
        calibration=measured.calibration,
        operating_points=measured.operating_points,
        metrics=measured.metrics,
        training=_story(plan, films, settings) | _flattered(films, seen),
        about=dict(settings.about),
    )


def _story(plan: Plan, films: SplitFilms, settings: TrainSettings) -> dict[str, Any]:
    """How the model came about, for its card: enough to repeat the run."""
    return {
        "films": len(films.training),
        "patients": len(np.unique(films.groups[films.training])),
        "with_finding": int(films.labels[films.training].sum()),
        "unreadable": len(films.decoded.failed),
        "validation_share": VALIDATION_SHARE,
        "precision": settings.fit.placement.precision,
        "seed": settings.fit.seed,
        "weights": os.path.basename(plan.weights),
        **dataclasses.asdict(plan.training),
        **({"devices": settings.fit.ranks.size} if settings.fit.ranks.size > 1 else {}),
        **({TRIAL: True} if settings.fast_dev_run else {}),
    }


def _seen(films: SplitFilms, *inherited: Provenance | None) -> Provenance:
    """Every film that the weights, the stopping, the calibration or the thresholds depend on, at first or second hand.

    ``inherited`` are the films of the models that this one was made from.
    """
    sides = np.sort(np.concatenate([films.training, films.validation]))
    return films.identities(sides).united(*(one for one in inherited if one is not None))


def _flattered(films: SplitFilms, seen: Provenance) -> dict[str, int]:
    """How many validation films a model that this one was made from was fitted to, for the card; nothing if none."""
    known = len(films.identities(films.validation).validated_on() & seen.fitted_to())
    return {"validation_films_fitted_to_before": known} if known else {}

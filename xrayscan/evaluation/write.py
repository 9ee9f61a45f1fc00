"""An evaluation → files: metrics.json for programs, predictions.csv for who checks it, evaluation.html for people."""

import csv
import dataclasses
import json
import os
from typing import Any

import numpy as np

from xrayscan.evaluation.evaluator import Evaluated, Evaluation
from xrayscan.evaluation.figures import Figures, classification_report, sweep
from xrayscan.evaluation.groups import GROUP_FIGURES, ByGroup, Groups
from xrayscan.evaluation.page import write_evaluation_page
from xrayscan.files.atomic import atomic_writer
from xrayscan.files.paths import Path, path_text
from xrayscan.files.plain import plain
from xrayscan.files.run_folder import make_folder, refuse_finished
from xrayscan.files.text import spreadsheet_cell
from xrayscan.model.card import TRIAL

FILES = ("metrics.json", "predictions.csv", "evaluation.html")


def write_evaluation(evaluation: Evaluation, out: Path, *, overwrite: bool = False, share: bool = False) -> list[str]:
    """Write the three files into ``out``, which is made if need be, and return their paths.

    ``share``: a folder that is made is open as the umask says, not to its owner alone.
    Raises: OutputError where one cannot be written, or is there already and not to be overwritten.
    """
    out = path_text(out)
    refuse_finished(out, FILES, overwrite=overwrite)
    make_folder(out, share=share)
    paths = [os.path.join(out, name) for name in FILES]
    with atomic_writer(paths[0]) as file:
        json.dump(evaluation_metrics(evaluation), file, indent=2, ensure_ascii=True, allow_nan=False)
        file.write("\n")
    _write_predictions(evaluation, paths[1])
    write_evaluation_page(evaluation, paths[2])
    return paths


def evaluation_metrics(evaluation: Evaluation) -> dict[str, Any]:
    """One object per model, by the name the user called it, as plain values; what is undefined is None."""
    return {model.reference: plain(_of_model(model, evaluation)) for model in evaluation.models}


def _of_model(model: Evaluated, evaluation: Evaluation) -> dict[str, Any]:
    films, card = evaluation.films, model.model.card
    return {
        "n": len(films.labels),
        **model.values,
        "threshold": model.threshold,
        "confusion": model.confusion(films.labels),
        "ci95": model.intervals,
        "with_finding": int(films.labels.sum()),
        "patients": len(np.unique(films.groups)),
        "unreadable": len(films.failed),
        "labels": films.folder.labels,
        "patients_by": films.folder.patients_by,
        "split": evaluation.settings.split,
        "model": {"name": card.name, "version": card.version, "backend": card.backend}
        | {"fingerprint": model.model.fingerprint, TRIAL: card.is_trial},
        "operating_point": model.point.name if model.point else None,
        "operating_points": {
            point.name: {"threshold": point.threshold, **_with_ci(model.at_points[point.name])}
            for point in card.operating_points
        },
        "sweep": sweep(films.labels, model.probabilities),
        "classification_report": classification_report(films.labels, model.flagged, films.folder.labels, as_dict=True),
        "queue": {"prevalence": evaluation.settings.prevalence, **_with_ci(model.queue)},
        "at_prevalence": _with_ci(model.at_prevalence) | {"prevalence": evaluation.settings.prevalence}
        if model.at_prevalence
        else None,
        "difference": _with_ci(model.difference) | {"to": evaluation.models[0].reference} if model.difference else None,
        "by": _by_group(evaluation.groups, model.by_group) if evaluation.groups and model.by_group else None,
        "overlap": dataclasses.asdict(model.overlap) if model.overlap else None,
        "warnings": evaluation.warnings,
        "resamples": evaluation.settings.resamples,
        "seed": evaluation.settings.seed,
    }


def _by_group(groups: Groups, found: ByGroup) -> dict[str, Any]:
    """What films were grouped by, the figures of each group, their means, and the group in which each is worst."""
    rows = [
        {"name": row.name, "films": row.films, "with_finding": row.with_finding}
        | dict.fromkeys(GROUP_FIGURES)  # None where there are too few films
        | _with_ci(row.figures)
        for row in found.groups
    ]
    worst = {figure: {"group": row.name, "value": row.figures.values[figure]} for figure, row in found.worst.items()}
    return {"what": groups.by, "groups": rows, "mean": _with_ci(found.mean), "worst": worst}


def _with_ci(figures: Figures) -> dict[str, Any]:
    return {**figures.values, "ci95": dict(figures.intervals)}


def _write_predictions(evaluation: Evaluation, path: str) -> None:
    """Write one line per film: path, label (1 for positive), patient as a number, and probabilities in full.

    With one model the last column is ``probability``; with several, each has its own, ``probability`` and its name.
    Grouped films also have a column ``group``.
    """
    films, models, groups = evaluation.films, evaluation.models, evaluation.groups
    many = len(models) > 1
    columns = [f"probability {model.reference}" if many else "probability" for model in models]
    with atomic_writer(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        heading = ["source", "label", "patient", *(["group"] if groups else ())]
        writer.writerow([*heading, *map(spreadsheet_cell, columns)])
        for n, film in enumerate(films.films):
            probabilities = [repr(float(model.probabilities[n])) for model in models]
            cells = [spreadsheet_cell(film.path), int(films.labels[n]), int(films.groups[n]) + 1]
            group = [spreadsheet_cell(groups.names[groups.number[n]])] if groups else []
            writer.writerow([*cells, *group, *probabilities])

"""What a search leaves: the best recipe, every trial as CSV, and a page of figures."""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xrayscan.errors import ModelError
from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import spreadsheet_cell
from xrayscan.report.html.page import write_page
from xrayscan.training.plan import TrainSettings
from xrayscan.training.recipe import write_recipe
from xrayscan.tuning import figures
from xrayscan.tuning.search import Search
from xrayscan.tuning.space import described
from xrayscan.tuning.study import Study, Trial

RECIPE_FILE, TRIALS_FILE, REPORT_FILE = "best.toml", "trials.csv", "tuning.html"
FILES = (RECIPE_FILE, TRIALS_FILE, REPORT_FILE)


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search came to, and the files it wrote."""

    objective: str
    trials: tuple[Trial, ...]
    best: Trial
    importance: Mapping[str, float]
    recipe: str
    files: tuple[str, ...]


def write_search_results(out: str, study: Study, search: Search, train: TrainSettings) -> Tuned:
    """Write the best trial's recipe, the trials and the report.

    Raises: ModelError if no trial came to its end, OutputError if a file cannot be written.
    """
    trials, best = study.trials(), study.best()
    if best is None:
        if not trials:
            raise ModelError("no trial was begun: give a longer --timeout")
        why = f"; the last one failed: {trials[-1].reason}" if trials[-1].reason else ""
        raise ModelError(f"none of {len(trials)} trials came to its end{why}: give another --space, or more --trials")
    paths = [os.path.join(out, name) for name in FILES]
    tuned = Tuned(search.objective, tuple(trials), best, study.importance(), paths[0], tuple(paths))
    _write_recipe(tuned, search, train)
    _write_trials(paths[1], trials, list(search.space))
    _write_report(paths[2], tuned, search)
    return tuned


def _write_recipe(tuned: Tuned, search: Search, train: TrainSettings) -> None:
    """Write all that repeats the best trial as a training run: on the same folder it has the same split and figures."""
    shared = {
        "backend": search.backend.name,
        "seed": train.fit.seed,
        "precision": train.fit.placement.precision,
        **train.folder.kept(),
    }
    reached = (
        f"trial {tuned.best.number} of {len(tuned.trials)}, {tuned.objective} {tuned.best.value:.4f} on validation"
    )
    write_recipe(tuned.recipe, {**shared, **search.values(tuned.best.parameters)}, {"best of a search": reached})


def _write_trials(path: str, trials: Sequence[Trial], names: Sequence[str]) -> None:
    with atomic_writer(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trial", "state", "value", "epochs", "seconds", *names, "reason"])
        for trial in trials:
            value = "" if trial.value is None else repr(trial.value)
            tried = [_cell(trial.parameters[name]) for name in names]
            seconds = f"{trial.seconds:.1f}"
            writer.writerow(
                [trial.number, trial.state, value, len(trial.curve), seconds, *tried, spreadsheet_cell(trial.reason)]
            )


def _cell(value: Any) -> Any:
    return spreadsheet_cell(value) if isinstance(value, str) else value


def _write_report(path: str, tuned: Tuned, search: Search) -> None:
    objective, trials = tuned.objective, tuned.trials
    defaults = search.values({})
    write_page(
        path,
        "tuning.html",
        tuned=tuned,
        backend=search.backend.name,
        counts={state: sum(t.state == state for t in trials) for state in ("complete", "pruned", "failed")},
        space=described(search.space),
        defaults=defaults,
        fixed={name: value for name, value in search.fixed.items() if name not in search.space},
        history=figures.history(trials, objective, maximise=search.maximises),
        importance=figures.importance(tuned.importance) if tuned.importance else None,
        curves=figures.curves(trials, objective, tuned.best) if tuned.best.curve else None,
        slices=figures.slices(trials, search.space, objective, tuned.best),
        start=_start(tuned, defaults),
    )


def _start(tuned: Tuned, defaults: Mapping[str, Any]) -> float | None:
    """Return what the defaults reached, where they were tried as they are."""
    first = tuned.trials[0]
    as_they_are = all(defaults[name] == value for name, value in first.parameters.items())
    return first.value if as_they_are else None

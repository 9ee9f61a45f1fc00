"""`xrayscan.explore`, `xrayscan.train` and `xrayscan.evaluate`: what is done with a labelled folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.dataset.labelled_folder import read_folder
from xrayscan.files.paths import Path, path_text, path_texts

if TYPE_CHECKING:
    from xrayscan.evaluation.evaluator import Evaluation
    from xrayscan.evaluation.settings import EvaluateSettings
    from xrayscan.exploration import Explored
    from xrayscan.training import Trained, TrainSettings

Settings = TypeVar("Settings", bound=Any)


def explore(
    folder: Path,
    *,
    out: Path | None = None,
    positive: str | None = None,
    labels: Path | None = None,
    patient_pattern: str | None = None,
    workers: int | None = None,
    seed: int = 0,
) -> Explored:
    """Look at a labelled folder before training on it: what it holds, and what could mislead a model.

    >>> import xrayscan
    >>> explored = xrayscan.explore("labelled/", out="explore.html")
    >>> explored.folder.labels
    ('NORMAL', 'PNEUMONIA')
    >>> len(explored.films.looks)
    24

    ``folder``: films in one folder per label, split into train, val and test or not. ``out``: a new file for the page.
    ``positive``: the label looked for, PNEUMONIA unless it has another name. ``labels``: a CSV instead of folders.
    ``patient_pattern``: a regular expression that extracts the patient from a path. ``workers``: reader processes.
    Raises: InputError if there are not two labels with films, OutputError if ``out`` is there already or cannot be
    written, UsageError for a pattern that is none.
    """
    from xrayscan.exploration import ExploreSettings, write_explore_page
    from xrayscan.exploration import explore as run
    from xrayscan.files.run_folder import refuse_file

    if out is not None:
        refuse_file(path_text(out), overwrite=False)
    layout = _replaced(FolderSettings(), positive=positive, labels_csv=labels, patient_pattern=patient_pattern)
    explored = run(folder, read_folder(folder, layout), ExploreSettings(workers=workers, seed=seed))
    if out is not None:
        write_explore_page(explored, path_text(out))
    return explored


def train(
    folder: Path,
    out: Path,
    settings: TrainSettings | None = None,
    *,
    backend: str | None = None,
    positive: str | None = None,
    labels: Path | None = None,
    patient_pattern: str | None = None,
    weights: str | None = None,
    device: str | None = None,
    seed: int | None = None,
    overwrite: bool | None = None,
    **parameters: Any,
) -> Trained:
    """Train a model on a labelled folder, split by patient; ``out`` then holds the model and all that explains it.

    >>> import xrayscan
    >>> trained = xrayscan.train("labelled/", "runs/first", epochs=1, side=32, width=4)
    >>> trained.model.path
    'runs/first/model.safetensors'
    >>> worklist = xrayscan.predict("radiographs/", model="runs/first")

    ``backend``: cnn, or another that ``xrayscan models`` lists; ``parameters``: its own and those of training, such as
    ``epochs`` or ``learning_rate``. ``positive``, ``labels``, ``patient_pattern``: as in `xrayscan.explore`.
    ``weights``: what a transfer backend starts with. ``overwrite``: replace a finished run. Everything else is set with
    ``settings``, over which these arguments win.
    Raises: InputError for a folder that cannot be trained on, ModelError for an unknown backend or parameter,
    OutputError if ``out`` holds a run already or cannot be written, UsageError for a device that is not there.
    """
    from xrayscan.network.device import place
    from xrayscan.training import TrainSettings
    from xrayscan.training import train as run

    base = settings or TrainSettings()
    where = place(device or "auto") if device or settings is None else None
    layout = _replaced(base.folder, positive=positive, labels_csv=labels, patient_pattern=patient_pattern)
    return run(
        folder,
        out,
        _replaced(
            base,
            backend=backend,
            folder=layout,
            fit=_replaced(base.fit, weights=weights, seed=seed, placement=where),
            parameters={**base.parameters, **parameters},
            overwrite=overwrite,
        ),
    )


def evaluate(
    folder: Path,
    model: Path | Iterable[Path] = "default",
    settings: EvaluateSettings | None = None,
    *,
    out: Path | None = None,
    positive: str | None = None,
    labels: Path | None = None,
    patient_pattern: str | None = None,
    split: str | None = None,
    prevalence: float | None = None,
    threshold: float | None = None,
    device: str = "auto",
) -> Evaluation:
    """Measure models on a labelled folder that none of them has seen; films that one was trained on are refused.

    >>> import xrayscan
    >>> evaluation = xrayscan.evaluate("test-films/", model="runs/first", out="evaluation/")
    >>> measured = evaluation.models[0]
    >>> sorted(measured.confusion(evaluation.films.labels).values())
    [0, 0, 12, 12]
    >>> 0 <= measured.values["auroc"] <= 1
    True

    ``model``: a bundled name, a model file or a training run, or several, which are compared with the first. ``out``: a
    folder for metrics.json, predictions.csv and evaluation.html. ``positive``, ``labels``, ``patient_pattern``: as in
    `xrayscan.explore`. ``split``: test, val, train or all. ``prevalence``: share of films with pneumonia where you
    work. ``threshold``: instead of the model's own. Everything else is set with ``settings``, over which these win.
    Raises: InputError if a model has seen some of the films or a label has none, ModelError for an unusable model,
    OutputError if ``out`` holds an evaluation or cannot be written, UsageError for a model that is given twice,
    ValueError for a share out of range.
    """
    from xrayscan.evaluation.evaluator import evaluate as run
    from xrayscan.evaluation.settings import EvaluateSettings
    from xrayscan.evaluation.write import FILES, write_evaluation
    from xrayscan.files.run_folder import refuse_finished
    from xrayscan.model.file import load_model
    from xrayscan.network.choice import choose

    if out is not None:
        refuse_finished(path_text(out), FILES, overwrite=False)
    layout = _replaced(FolderSettings(), positive=positive, labels_csv=labels, patient_pattern=patient_pattern)
    labelled, models = read_folder(folder, layout), list(path_texts(model))
    where = choose([load_model(name) for name in models], device=device, films=len(labelled.films))
    placed = where if settings is None or device != "auto" else None
    base = settings or EvaluateSettings()
    chosen = _replaced(base, split=split, prevalence=prevalence, threshold=threshold, placement=placed)
    evaluation = run(models, labelled, folder, chosen)
    if out is not None:
        write_evaluation(evaluation, out)
    return evaluation


def _replaced(settings: Settings, **given: Any) -> Settings:
    """The settings with what was given in its place; None is what was not."""
    made: Settings = dataclasses.replace(
        settings, **{name: value for name, value in given.items() if value is not None}
    )
    return made

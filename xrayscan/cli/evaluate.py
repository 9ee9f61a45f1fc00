"""`xrayscan evaluate`: how good models are on labelled films that they have never seen."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command
from xrayscan.cli.signals import began
from xrayscan.cli.types import LABELLED
from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.evaluation.settings import EvaluateSettings

if TYPE_CHECKING:
    from xrayscan.evaluation.evaluator import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """Which models, on which films, and what is measured."""

    directory: str = argument("DIR", LABELLED)
    models: tuple[str, ...] = options.models_option("Model to measure; repeat to compare several with the first.")
    out: str | None = options.out_option("Output folder.", "FOLDER/", "evaluation, or evaluation-2 and so on")
    overwrite: bool = options.overwrite_option()
    share: bool = options.share_option()
    measured: EvaluateSettings
    labels: FolderSettings
    cache: options.Cache
    hardware: options.Hardware
    runtime: str = options.runtime_option()
    quiet: bool = options.quiet_option()
    as_json: bool = options.json_option()

    @staticmethod
    def below(values: Mapping[str, Any], extra: list[str]) -> Mapping[str, Any]:
        """Refuse the models that version 0.1 took before the folder."""
        if extra:
            models = " ".join(f"--model {name}" for name in [str(values["directory"]), *extra[:-1]])
            raise click.UsageError(f"one folder only; models are options: xrayscan evaluate {extra[-1]} {models}")
        return {}


@dataclass(frozen=True, slots=True)
class ModelMeasured:
    """What one model reaches. metrics.json has every threshold, and figures by group."""

    reference: str  # as it was called
    name: str
    fingerprint: str  # SHA-256 of the model file
    threshold: float
    operating_point: str | None  # whose threshold it is; null: --threshold
    confusion: dict[str, int]  # tn, fp, fn, tp
    figures: dict[str, float | None]  # by name, such as auroc; null where undefined
    ci95: dict[str, list[float | None]]  # their 95 % intervals
    seen_films: int | None  # of these films, that the model was trained on; null where it does not say


@dataclass(frozen=True, slots=True)
class FolderEvaluated:
    """Models measured on a labelled folder."""

    files: list[str]
    labels: list[str]  # the positive one last
    films: int
    positive_films: int
    failed: dict[str, str]  # files that could not be read, with the reason
    models: list[ModelMeasured]
    warnings: list[str]


@command(
    "xrayscan evaluate test-films/ --model runs/first --out evaluation",
    "xrayscan evaluate test-films/ --model default --model runs/first --prevalence 5%",
    "xrayscan evaluate films/ --labels labels.csv --operating-point sensitivity-0.99",
    "xrayscan evaluate test-films/ --model runs/first --by style",
)
def evaluate(asked: EvaluateOptions) -> FolderEvaluated:
    """Measure one model or several on DIR, a labelled folder whose films none of them has seen.

    DIR/<LABEL>/…, DIR/test/<LABEL>/… or --labels FILE. Films that a model was trained or tuned on, recognised by
    content, picture and patient, are refused.

    Writes metrics.json, predictions.csv and evaluation.html into --out.

    Exit code: 0 measured, 3 films a model has seen or a label without films, 4 unusable model, 5 output cannot be
    written.
    """
    from xrayscan.console.evaluate import EvaluateConsole
    from xrayscan.dataset.labelled_folder import read_folder
    from xrayscan.evaluation.evaluator import evaluate as run
    from xrayscan.evaluation.write import FILES, write_evaluation
    from xrayscan.files.run_folder import own_folder, refuse_finished

    overwrite, share = asked.overwrite, asked.share
    if asked.out is not None:
        refuse_finished(asked.out, FILES, overwrite=overwrite)  # before the work
    with EvaluateConsole(quiet=asked.quiet, since=began()) as console:
        labelled = read_folder(asked.directory, asked.labels)
        settings = dataclasses.replace(
            asked.measured,
            placement=asked.hardware.chosen(asked.models, films=len(labelled.films), runtime=asked.runtime),
            workers=asked.hardware.workers,
            cache=asked.cache.folder(),
            cache_size=asked.cache.size(),
            on_film=console.film,
            on_scored=console.scored,
        )
        evaluation = run(asked.models, labelled, asked.directory, settings)
        out = own_folder("evaluation", share=share) if asked.out is None else asked.out
        files = write_evaluation(evaluation, out, overwrite=overwrite, share=share)
        console.summary(evaluation, files)
    return _answer(evaluation, files)


def _answer(evaluation: "Evaluation", files: list[str]) -> FolderEvaluated:
    films = evaluation.films
    measured = [
        ModelMeasured(
            model.reference,
            model.model.card.name,
            model.model.fingerprint,
            model.threshold,
            model.point.name if model.point else None,
            model.confusion(films.labels),
            dict(model.values),
            {name: list(bounds) for name, bounds in model.intervals.items()},
            model.overlap.films if model.overlap else None,
        )
        for model in evaluation.models
    ]
    return FolderEvaluated(
        files,
        list(films.folder.labels),
        len(films.labels),
        int(films.labels.sum()),
        dict(films.failed),
        measured,
        list(evaluation.warnings),
    )

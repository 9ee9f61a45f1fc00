"""`xrayscan evaluate`: how good models are on labelled films that they have never seen."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command
from xrayscan.cli.signals import began
from xrayscan.cli.types import LABELLED
from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.evaluation.settings import EvaluateSettings


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
    hardware: options.Hardware
    runtime: str = options.runtime_option()
    quiet: bool = options.quiet_option()


def models_are_options(values: Mapping[str, Any], extra: list[str]) -> Mapping[str, Any]:
    """Refuse the models that version 0.1 took before the folder."""
    if extra:
        models = " ".join(f"--model {name}" for name in [str(values["directory"]), *extra[:-1]])
        raise click.UsageError(f"one folder only; models are options: xrayscan evaluate {extra[-1]} {models}")
    return {}


@command(
    EvaluateOptions,
    "xrayscan evaluate test-films/ --model runs/first --out evaluation",
    "xrayscan evaluate test-films/ --model default --model runs/first --prevalence 5%",
    "xrayscan evaluate films/ --labels labels.csv --operating-point sensitivity-0.99",
    "xrayscan evaluate test-films/ --model runs/first --by style",
    env="XRAYSCAN_EVALUATE",
    below=models_are_options,
)
def evaluate(asked: EvaluateOptions) -> None:
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
    from xrayscan.model.file import load_model
    from xrayscan.network.choice import choose

    overwrite, share = asked.overwrite, asked.share
    if asked.out is not None:
        refuse_finished(asked.out, FILES, overwrite=overwrite)  # before the work
    with EvaluateConsole(quiet=asked.quiet, since=began()) as console:
        labelled = read_folder(asked.directory, asked.labels)
        placement = choose(
            [load_model(name) for name in asked.models],
            device=asked.hardware.device,
            precision=asked.hardware.precision,
            runtime=asked.runtime,
            films=len(labelled.films),
        )
        settings = dataclasses.replace(
            asked.measured,
            placement=placement,
            workers=asked.hardware.workers,
            on_film=console.film,
            on_scored=console.scored,
        )
        evaluation = run(asked.models, labelled, asked.directory, settings)
        out = own_folder("evaluation", share=share) if asked.out is None else asked.out
        console.summary(evaluation, write_evaluation(evaluation, out, overwrite=overwrite, share=share))

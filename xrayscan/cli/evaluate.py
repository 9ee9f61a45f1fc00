"""`xrayscan evaluate`: what models are worth on labelled films that they have never seen."""

from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli.options import FilmPath, examples, hardware, labelled_folder, overwrite_option, share_option

if TYPE_CHECKING:
    from xrayscan.dataset.labelled_folder import FolderSettings

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(
    epilog=examples(
        "xrayscan evaluate runs/first test-films/ --out evaluation",
        "xrayscan evaluate default runs/first runs/second test-films/ --prevalence 0.05",
        "xrayscan evaluate default films/ --labels labels.csv --operating-point sensitivity-0.99",
        "xrayscan evaluate runs/first test-films/ --by style",
    ),
    context_settings={"auto_envvar_prefix": "XRAYSCAN_EVALUATE"},
)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.argument("directory", metavar="DIR", type=FilmPath(exists=True, file_okay=False))
@click.option(
    "--out", metavar="DIR", show_default="evaluation, or evaluation-2 and so on", help="Folder for the three files."
)
@overwrite_option
@share_option
@click.option(
    "--split",
    metavar="NAME",
    help="Films to evaluate on: test, val, train or all; default: test where DIR is split, else all.",
)
@click.option(
    "--operating-point",
    metavar="NAME",
    help="Whose threshold the figures hold at, such as sensitivity-0.99; default: balanced.",
)
@click.option("--threshold", type=SHARE, metavar="P", help="A threshold of your own; replaces the operating point's.")
@click.option(
    "--prevalence",
    type=SHARE,
    metavar="P",
    help="Share of films with the finding where you work: adds PPV and NPV there, and the gain in the queue.",
)
@click.option(
    "--by",
    metavar="GROUP",
    help="Figures in groups as well: style (films that look alike, found by themselves), or a column of --labels FILE.",
)
@click.option(
    "--styles",
    type=click.IntRange(2, 40),
    default=12,
    show_default=True,
    metavar="N",
    help="How many styles --by style finds, at most.",
)
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="Show figures even for films that a model was trained on. Reports say so.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resamples behind the intervals.")
@labelled_folder
@hardware
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def evaluate(
    models: tuple[str, ...],
    directory: str,
    out: str | None,
    overwrite: bool,
    share: bool,
    folder: "FolderSettings",
    device: str,
    precision: str,
    quiet: bool,
    **options: Any,
) -> None:
    """Measure one model or several on DIR, a labelled folder whose films none of them has seen.

    MODEL is a bundled name, a model file or the folder of a training run. DIR/<LABEL>/…, DIR/test/<LABEL>/… or
    --labels FILE. Films that a model was trained or tuned on, told by content, picture and patient, are refused.

    Writes metrics.json, predictions.csv and evaluation.html into --out.

    Exit code: 0 measured, 3 films a model has seen or a label without films, 4 unusable model, 5 output cannot be
    written.
    """
    from xrayscan.console.evaluate import EvaluateConsole
    from xrayscan.dataset.labelled_folder import read_folder
    from xrayscan.evaluation import EvaluateSettings, write_evaluation
    from xrayscan.evaluation import evaluate as run
    from xrayscan.evaluation.write import FILES
    from xrayscan.files.run_folder import own_folder, refuse_finished
    from xrayscan.network.device import place

    if out is not None:
        refuse_finished(out, FILES, overwrite=overwrite)  # before the work
    with EvaluateConsole(quiet=quiet) as console:
        settings = EvaluateSettings(
            placement=place(device, precision), on_film=console.film, on_scored=console.scored, **options
        )
        evaluation = run(models, read_folder(directory, folder), directory, settings)
        folder_out = own_folder("evaluation", share=share) if out is None else out
        console.summary(evaluation, write_evaluation(evaluation, folder_out, overwrite=overwrite, share=share))

"""`xrayscan explore`: what a careful person looks at before training."""

import json
from typing import TYPE_CHECKING

import click

from xrayscan.cli.options import FilmPath, examples, labelled_folder, overwrite_option, workers_option

if TYPE_CHECKING:
    from xrayscan.dataset.labelled_folder import FolderSettings


@click.command(
    epilog=examples(
        "xrayscan explore labelled/",
        "xrayscan explore chest_xray/ --out kaggle.html",
        r"xrayscan explore films/ --labels labels.csv --patient-pattern 'pat(\d+)' --json > facts.json",
    ),
    context_settings={"auto_envvar_prefix": "XRAYSCAN_EXPLORE"},
)
@click.argument("directory", metavar="DIR", type=FilmPath(exists=True, file_okay=False))
@click.option("--out", metavar="FILE", show_default="explore.html, or explore-2.html and so on", help="The report.")
@overwrite_option
@labelled_folder
@click.option("--json", "as_data", is_flag=True, help="Also print the figures as JSON on stdout.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the shortcut check.")
@workers_option
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def explore(
    directory: str,
    out: str | None,
    overwrite: bool,
    folder: "FolderSettings",
    as_data: bool,
    seed: int,
    workers: int | None,
    quiet: bool,
) -> None:
    """Show what DIR, a labelled folder, holds and what could mislead a model that is trained on it.

    Counts per label and split, sizes and formats, samples, brightness, patients, copies within and across labels and
    splits, and a shortcut check: how well the labels can be told from file metadata alone. DIR/<LABEL>/…,
    DIR/{train,val,test}/<LABEL>/… or --labels FILE. Writes one self-contained HTML page.
    """
    from xrayscan.console.explore import ExploreConsole
    from xrayscan.dataset.labelled_folder import read_folder
    from xrayscan.exploration import ExploreSettings, write_explore_page
    from xrayscan.exploration import explore as run
    from xrayscan.exploration.tables import as_json
    from xrayscan.files.run_folder import own_file, refuse_file

    if out is not None:
        refuse_file(out, overwrite=overwrite)
    with ExploreConsole(quiet=quiet) as console:
        settings = ExploreSettings(workers=workers, seed=seed, on_film=console.film, on_stage=console.stage)
        explored = run(directory, read_folder(directory, folder), settings)
        console.stage("drawing")
        path = out or own_file("explore.html")
        write_explore_page(explored, path)
        console.summary(explored, path)
    if as_data:
        click.echo(json.dumps(as_json(explored), indent=2))

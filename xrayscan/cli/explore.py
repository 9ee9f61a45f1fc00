"""`xrayscan explore`: what a careful person looks at before training."""

import json
from dataclasses import dataclass

import click

from xrayscan.cli import options
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.signals import began
from xrayscan.cli.types import LABELLED
from xrayscan.dataset.folder_settings import FolderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreOptions:
    """Which labelled folder, and where its page goes."""

    directory: str = argument("DIR", LABELLED)
    out: str | None = options.out_option("Output file.", "FILE.html", "explore.html, or explore-2.html and so on")
    overwrite: bool = options.overwrite_option()
    labels: FolderSettings
    as_data: bool = option(False, "Also print the figures as JSON on stdout.", "--json")
    seed: int = option(0, "Random seed for the shortcut check.")
    workers: int | None = options.workers_option()
    quiet: bool = options.quiet_option()


@command(
    ExploreOptions,
    "xrayscan explore labelled/",
    "xrayscan explore chest_xray/ --out kaggle.html",
    r"xrayscan explore films/ --labels labels.csv --patient-pattern 'pat(\d+)' --json > facts.json",
    env="XRAYSCAN_EXPLORE",
)
def explore(asked: ExploreOptions) -> None:
    """Show what DIR, a labelled folder, holds and what could mislead a model that is trained on it.

    Counts per label and split, sizes and formats, samples, brightness, patients, near-duplicates within and across
    labels and splits, and a shortcut check: can file properties alone predict the label? DIR/<LABEL>/…,
    DIR/{train,val,test}/<LABEL>/… or --labels FILE. Writes one self-contained HTML page.
    """
    from xrayscan.console.explore import ExploreConsole
    from xrayscan.dataset.labelled_folder import read_folder
    from xrayscan.exploration import ExploreSettings, write_explore_page
    from xrayscan.exploration import explore as run
    from xrayscan.exploration.tables import as_json
    from xrayscan.files.run_folder import own_file, refuse_file

    if asked.out is not None:
        refuse_file(asked.out, overwrite=asked.overwrite)
    with ExploreConsole(quiet=asked.quiet, since=began()) as console:
        settings = ExploreSettings(workers=asked.workers, seed=asked.seed, on_film=console.film, on_stage=console.stage)
        explored = run(asked.directory, read_folder(asked.directory, asked.labels), settings)
        console.stage("drawing")
        path = asked.out or own_file("explore.html")
        write_explore_page(explored, path)
        console.summary(explored, path)
    if asked.as_data:
        click.echo(json.dumps(as_json(explored), indent=2))

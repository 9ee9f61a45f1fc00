"""`xrayscan explore`: what a careful person looks at before training."""

from dataclasses import dataclass
from typing import Any

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
    as_json: bool = options.json_option()
    seed: int = option(0, "Random seed for the shortcut check.")
    workers: int | None = options.workers_option()
    quiet: bool = options.quiet_option()


@dataclass(frozen=True, slots=True)
class FolderExplored:
    """What a labelled folder holds."""

    page: str
    labels: dict[str, int]  # films of each
    splits: dict[str, dict[str, int]]  # films of each label in each split that there is
    finding: str  # the positive label
    failed: dict[str, str]  # files that could not be read, with the reason
    patients: int
    patients_by: str  # what patients were told apart by
    patients_in_several_splits: int
    patients_with_both_labels: int
    identical: dict[str, int]  # groups of identical files, the films in them, and how many groups reach across
    near_duplicates: dict[str, int]  # likewise
    metadata_auroc: float | None  # of predicting the label from file properties alone; null where it was not tried
    metadata_auroc_ci95: list[float] | None
    metadata_alone: dict[str, float] | None  # AUROC of each property alone
    warnings: list[str]


@command(
    "xrayscan explore labelled/",
    "xrayscan explore chest_xray/ --out kaggle.html",
    r"xrayscan explore films/ --labels labels.csv --patient-pattern 'pat(\d+)' --json > facts.json",
)
def explore(asked: ExploreOptions) -> FolderExplored:
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
        console.summary(explored, path, asked.directory, asked.labels)
    found: dict[str, Any] = as_json(explored)
    return FolderExplored(page=path, **found)

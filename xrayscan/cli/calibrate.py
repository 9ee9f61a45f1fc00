"""`xrayscan calibrate`: a model with the calibration and the thresholds of one site, from a few labelled films."""

import os
from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli.options import examples, hardware, labelled_folder

if TYPE_CHECKING:
    from xrayscan.dataset.labelled_folder import FolderSettings

COST = click.FloatRange(0, min_open=True)


@click.command(
    epilog=examples(
        "xrayscan calibrate default ward-3-labelled/ --out site.safetensors",
        "xrayscan calibrate default labels.csv --out site.safetensors --cost-missed 50 --cost-read 1",
        "xrayscan evaluate default site.safetensors other-films-of-ward-3/",
    ),
    context_settings={"auto_envvar_prefix": "XRAYSCAN_CALIBRATE"},
)
@click.argument("model", metavar="MODEL")
@click.argument("labelled", metavar="LABELLED", type=click.Path(exists=True))
@click.option(
    "--out", required=True, metavar="FILE.safetensors", type=click.Path(dir_okay=False), help="New model file."
)
@click.option(
    "--name", metavar="NAME", help='Name of the new model; default: the old one\'s with "at a site" behind it.'
)
@click.option(
    "--cost-missed", type=COST, metavar="C", help="Cost of one missed case; with --cost-read, adds a threshold."
)
@click.option(
    "--cost-read", type=COST, default=1.0, show_default=True, metavar="C", help="Cost of reading one flagged film."
)
@click.option("--overwrite", is_flag=True, help="Replace --out if it is there.")
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed for folds and confidence intervals.")
@labelled_folder
@hardware
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def calibrate(
    model: str,
    labelled: str,
    out: str,
    folder: "FolderSettings",
    device: str,
    precision: str,
    cost_missed: float | None,
    cost_read: float,
    overwrite: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Fit a model's calibration and thresholds to one site.

    MODEL is a bundled name, a model file or the folder of a training run. LABELLED is a labelled folder (DIR/<LABEL>/…,
    or --labels FILE) or a CSV with the columns path,label. 50 films are enough to begin with; films that the model has
    seen are refused.

    Writes the new model file, whose weights are those of MODEL, and beside it a CSV of what every threshold finds,
    misses and costs. Compare both on other films of the site with `xrayscan evaluate`.

    Exit code: 0 written, 2 wrong usage, 3 too few films or films the model has seen, 4 unusable model, 5 output cannot
    be written.
    """
    from xrayscan.calibration import CalibrateSettings, Costs, write_thresholds
    from xrayscan.calibration import calibrate as run
    from xrayscan.console.calibrate import CalibrateConsole
    from xrayscan.network.device import place

    if os.path.exists(out) and not overwrite:
        raise click.UsageError(f"{out} is there: choose another --out, or --overwrite")
    with CalibrateConsole(quiet=quiet) as console:
        settings = CalibrateSettings(
            costs=None if cost_missed is None else Costs(cost_missed, cost_read),
            placement=place(device, precision),
            on_film=console.film,
            **options,
        )
        result = run(model, _read(labelled, folder), out, settings)
        console.summary(result, [out, write_thresholds(result, out)])


def _read(labelled: str, settings: "FolderSettings") -> Any:
    """A labelled folder, or a CSV whose paths start where the command runs."""
    import dataclasses

    from xrayscan.dataset.labelled_folder import read_folder

    if os.path.isdir(labelled):
        return read_folder(labelled, settings)
    return read_folder(os.curdir, dataclasses.replace(settings, labels_csv=labelled))

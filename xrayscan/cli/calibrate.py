"""`xrayscan calibrate`: a model with the calibration and the thresholds of one site, from a few labelled films."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from xrayscan.calibration.costs import Costs
from xrayscan.cli import options
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.signals import began
from xrayscan.cli.types import ModelReference
from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.files.plain import plain
from xrayscan.models import DEFAULT

COSTS = Costs()  # where none are given


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateOptions:
    """Which model, on which films, at what costs."""

    labelled: str = argument("LABELLED", click.Path(exists=True))
    model: str = option(DEFAULT, "Model to calibrate.", type=ModelReference())
    out: str = option(
        dataclasses.MISSING, "Output file: the new model.", type=click.Path(dir_okay=False), metavar="FILE.safetensors"
    )
    name: str | None = option(
        None, 'Name of the new model; default: the old one\'s with "at a site" behind it.', metavar="NAME"
    )
    cost_missed: float | None = option(
        None,
        "Cost of one missed case; with --cost-read, adds a threshold. "
        f"The table counts {COSTS.missed:g} where none is given.",
        range=(0, None),
        open=True,
        metavar="C",
    )
    cost_read: float = option(COSTS.read, "Cost of reading one flagged film.", range=(0, None), open=True, metavar="C")
    overwrite: bool = options.overwrite_option()
    seed: int = option(0, "Random seed for folds and confidence intervals.")
    labels: FolderSettings
    hardware: options.Hardware
    quiet: bool = options.quiet_option()
    as_json: bool = options.json_option()

    def __post_init__(self) -> None:
        if self.cost_missed is None and self.cost_read != COSTS.read:
            raise click.UsageError("--cost-read says nothing alone: give --cost-missed as well")

    @staticmethod
    def below(values: Mapping[str, Any], extra: list[str]) -> Mapping[str, Any]:
        """Refuse a model before the films, as it stood there at first."""
        if extra:
            told = f"xrayscan calibrate {extra[-1]} --model {values['labelled']} --out FILE"
            raise click.UsageError(f"one folder or CSV only; the model is an option: {told}")
        return {}


@dataclass(frozen=True, slots=True)
class ThresholdAt:
    """What one operating point comes to on the films."""

    threshold: float
    found: int  # cases at or above it
    missed: int  # cases below it
    read: int  # films at or above it
    sensitivity: float | None
    sensitivity_ci95: list[float | None]
    specificity: float | None
    specificity_ci95: list[float | None]
    cost: float


@dataclass(frozen=True, slots=True)
class ModelCalibrated:
    """A model with the calibration and the thresholds of one site."""

    files: list[str]  # the model file first
    films: int
    positive_films: int
    before: dict[str, float | None]  # figures of the model as it was
    after: dict[str, float | None]  # of the new one; no film helped to fit its own calibration
    operating_points: dict[str, ThresholdAt]
    films_needed: dict[str, dict[str, int]]  # labelled films to know a figure within so much
    warnings: list[str]


@command(
    "xrayscan calibrate ward-3-labelled/ --out site.safetensors",
    "xrayscan calibrate labels.csv --model runs/first --out site.safetensors --cost-missed 50 --cost-read 1",
    "xrayscan evaluate other-films-of-ward-3/ --model default --model site.safetensors",
)
def calibrate(asked: CalibrateOptions) -> ModelCalibrated:
    """Fit a model's calibration and thresholds to one site.

    LABELLED is a labelled folder (DIR/<LABEL>/…, or --labels FILE) or a CSV with the columns path,label. 50 films are
    enough to begin with; films that the model has seen are refused.

    Writes the new model file, whose weights are those of the old one, and beside it a CSV of what every threshold
    finds, misses and costs. Compare both on other films of the site with `xrayscan evaluate`.

    Exit code: 0 written, 2 wrong usage, 3 too few films or films the model has seen, 4 unusable model, 5 output cannot
    be written.
    """
    from xrayscan.calibration.site import CalibrateSettings
    from xrayscan.calibration.site import calibrate as run
    from xrayscan.calibration.write import write_thresholds
    from xrayscan.console.calibrate import CalibrateConsole

    if os.path.exists(asked.out) and not asked.overwrite:
        raise click.UsageError(f"{asked.out} is there: choose another --out, or --overwrite")
    with CalibrateConsole(quiet=asked.quiet, since=began()) as console:
        labelled, hardware = _read(asked.labelled, asked.labels), asked.hardware
        settings = CalibrateSettings(
            name=asked.name,
            costs=None if asked.cost_missed is None else Costs(asked.cost_missed, asked.cost_read),
            seed=asked.seed,
            placement=hardware.chosen([asked.model], films=len(labelled.films)),
            workers=hardware.workers,
            on_film=console.film,
        )
        result = run(asked.model, labelled, asked.out, settings)
        files = [asked.out, write_thresholds(result, asked.out)]
        console.summary(result, asked.model, files)
    points = {name: ThresholdAt(**plain(line)) for name, line in result.points.items()}
    needed = {name: {f"{width:g}": films for width, films in one.items()} for name, one in result.needed.items()}
    labels = result.films.labels
    return ModelCalibrated(
        files,
        len(labels),
        int(labels.sum()),
        dict(result.before.values),
        dict(result.after.values),
        points,
        needed,
        list(result.warnings),
    )


def _read(labelled: str, labels: FolderSettings) -> Any:
    """A labelled folder, or a CSV whose paths start where the command runs."""
    from xrayscan.dataset.labelled_folder import read_folder

    if os.path.isdir(labelled):
        return read_folder(labelled, labels)
    return read_folder(os.curdir, dataclasses.replace(labels, labels_csv=labelled))

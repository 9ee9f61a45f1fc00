"""Options that several commands share."""

import functools
from collections.abc import Callable
from typing import Any

import click

AUTO = "auto"


class CountOrAuto(click.ParamType[int | None]):
    """A whole number, or ``auto``, which becomes None."""

    name = "N|auto"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Return the number, or None for ``auto``."""
        if value in (None, AUTO):
            return None
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor 'auto'", param, ctx)
        if number < self.least:
            self.fail(f"{number} is less than {self.least}", param, ctx)
        return number


workers_option = click.option(
    "--workers",
    type=CountOrAuto(0),
    metavar="N|auto",
    default=AUTO,
    show_default=True,
    envvar="XRAYSCAN_WORKERS",
    help="Processes that read files; auto is one per core, 0 reads inside this process.",
)


def hardware(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --device, --precision and --workers; each also from XRAYSCAN_DEVICE and so on."""
    options = (
        click.option(
            "--device",
            default=AUTO,
            show_default=True,
            envvar="XRAYSCAN_DEVICE",
            metavar="auto|cpu|cuda[:N]|mps",
            help="Where the model runs.",
        ),
        click.option(
            "--precision",
            type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
            default=AUTO,
            show_default=True,
            envvar="XRAYSCAN_PRECISION",
            help="How exactly it computes; auto is the fastest that the hardware computes natively.",
        ),
        workers_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def labelled_folder(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --positive, --labels and --patient-pattern, which arrive as one argument: ``folder``, a FolderSettings."""

    @functools.wraps(command)
    def with_folder(
        *args: Any, positive: str, labels_csv: str | None, patient_pattern: str | None, **options: Any
    ) -> Any:
        from xrayscan.training.labelled import FolderSettings

        return command(*args, folder=FolderSettings(positive, labels_csv, patient_pattern), **options)

    options = (
        click.option(
            "--positive",
            default="PNEUMONIA",
            show_default=True,
            metavar="LABEL",
            help="The finding's label, in upper or lower case.",
        ),
        click.option(
            "--labels",
            "labels_csv",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE.csv",
            help="Labels as path,label[,patient][,split] instead of folders; paths start at DIR.",
        ),
        click.option(
            "--patient-pattern",
            metavar="REGEX",
            help=r"What in a file's path names its patient, such as 'pat(\d+)'; the first group counts.",
        ),
    )
    decorated: Callable[..., Any] = with_folder
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def examples(*lines: str) -> str:
    """Format an epilog of examples, one per line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)

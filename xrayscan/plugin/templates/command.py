"""A command: how many rows the worklist of a scan has."""

from collections.abc import Callable
from pathlib import Path

import click

from xrayscan import Command, InputError, hookimpl


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
def my_plugin(run: Path) -> None:
    """Count the rows of the worklist in RUN, the output folder of a scan."""
    table = run / "triage.csv"
    if not table.exists():
        raise InputError(f"{run}: there is no triage.csv: run xrayscan report {run}")
    click.echo(len(table.read_text(encoding="utf-8").splitlines()) - 1)


@hookimpl
def register_commands(register: Callable[[Command], None]) -> None:
    """Offer the command; its function is imported when it is run."""
    register(Command("my-plugin", "Count the rows of a worklist.", "my_plugin:my_plugin"))

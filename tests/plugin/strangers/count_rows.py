"""A command that a stranger might write: how many rows a worklist has."""

from collections.abc import Callable
from pathlib import Path

import click

from xrayscan import Command, InputError, hookimpl


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
def count_rows(run: Path) -> None:
    """Count the rows of the worklist in RUN."""
    table = run / "triage.csv"
    if not table.exists():
        raise InputError(f"{run}: there is no triage.csv: run xrayscan report {run}")
    click.echo(len(table.read_text().splitlines()) - 1)


@hookimpl
def register_commands(register: Callable[[Command], None]) -> None:
    register(Command("count-rows", "Count the rows of a worklist.", "count_rows:count_rows"))

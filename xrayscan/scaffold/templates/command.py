"""A command: how many films of a scan stand in each tier."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from xrayscan import Command, InputError, hookimpl


@click.command()
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
def my_plugin(run: Path) -> None:
    """Count the films of each tier in RUN, the output folder of a scan."""
    try:
        with open(run / "triage.csv", encoding="utf-8", newline="") as file:
            tiers = Counter(row["tier"] or "not scored" for row in csv.DictReader(file))
    except FileNotFoundError as error:
        raise InputError(f"{run}: there is no triage.csv: run xrayscan report {run}") from error
    for tier, films in tiers.items():
        click.echo(f"{films:>8,} {tier}")


@hookimpl
def register_commands(register: Callable[[Command], None]) -> None:
    """Offer the command; its function is imported when it is run."""
    register(Command("my-plugin", "Count the films of each tier.", "my_plugin:my_plugin"))

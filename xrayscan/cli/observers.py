"""Who is told how far a scan is: the observers that --observe names, and the status file always."""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from xrayscan.cli.installed import installed

if TYPE_CHECKING:
    from xrayscan.observing.interface import Observer
    from xrayscan.observing.watching import Watching


def observers(named: Iterable[str]) -> Iterator[tuple["Observer", str]]:
    """The observers of a scan, and what stands behind the name of each. Raises: UsageError for an unknown one."""
    from xrayscan.observing.status_file import STATUS

    registry = installed(click.get_current_context())
    for text in dict.fromkeys((STATUS.name, *named)):
        name, _, where = text.partition("=")
        yield registry.observer(name), where


def watching(named: Iterable[str], out: str, *, engine: str, share: bool) -> "Watching":
    """Have observers watch the scan into a folder, which is made."""
    from xrayscan.files.run_folder import make_folder
    from xrayscan.observing.interface import ObservedRun
    from xrayscan.observing.watching import Watching

    make_folder(out, share=share)
    runs = ((observer, ObservedRun(out, engine, time.time(), where)) for observer, where in observers(named))
    return Watching(runs, lambda told: click.echo(f"xrayscan: {told}", err=True))

"""What people see of an exploration: films looked at, then tables and warnings, on stderr."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import TimeRemainingColumn
from rich.table import Column, Table

from xrayscan.console.terminal import film_bar, printable

if TYPE_CHECKING:
    from xrayscan.exploration import Explored
    from xrayscan.exploration.tables import Table as TextTable

FAILED_SHOWN = 10


class ExploreConsole:
    """Shows an exploration as it goes, and what it found."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._bar = film_bar(self._console, TimeRemainingColumn(), transient=True)
        self._task = self._bar.add_task("looking at films", total=None)

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._console.quiet:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def film(self, done: int, total: int) -> None:
        """One more film was looked at."""
        self._bar.update(self._task, completed=done, total=total)

    def stage(self, what: str) -> None:
        """The films are known; something is computed from them."""
        self._bar.update(self._task, description=what)

    def summary(self, explored: "Explored", path: str) -> None:
        """Print every table, what the shortcut check means, warnings, and where the page is."""
        from xrayscan.exploration.tables import tables

        self._bar.stop()
        out = self._console
        for table in tables(explored):
            out.print(_table(table))
            out.print()
        if explored.shortcut:
            out.print(printable(explored.shortcut.meaning), soft_wrap=True)
        for name, reason in list(explored.films.failed.items())[:FAILED_SHOWN]:
            out.print(f"[dim]failed[/] {printable(name)}: {printable(reason)}", soft_wrap=True)
        if (more := len(explored.films.failed) - FAILED_SHOWN) > 0:
            out.print(f"[dim]failed[/] {more:,} more, listed in the report")
        for warning in explored.warnings:
            out.print(f"[bold yellow]Warning:[/] {printable(warning)}.", soft_wrap=True)
        out.print(f"Written: {printable(path)}", soft_wrap=True)


def _table(table: "TextTable") -> Table:
    first, *others = (printable(heading) for heading in table.headings)
    columns = [Column(first, overflow="fold"), *(Column(heading, justify="right") for heading in others)]
    title = printable(table.title)
    drawn = Table(*columns, title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for row in table.rows:
        drawn.add_row(*map(printable, row))
    return drawn

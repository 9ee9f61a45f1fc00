"""What people see of an exploration: films looked at, then tables and warnings, on stderr."""

from typing import TYPE_CHECKING

from rich.progress import TimeRemainingColumn
from rich.table import Column, Table

from xrayscan.console.film_console import FilmConsole, tell_failed
from xrayscan.console.terminal import printable

if TYPE_CHECKING:
    from xrayscan.exploration import Explored
    from xrayscan.exploration.tables import Table as TextTable


class ExploreConsole(FilmConsole):
    """Shows an exploration as it goes, and what it found."""

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__("looking at films", TimeRemainingColumn(), quiet=quiet)

    def stage(self, what: str) -> None:
        """The films are known; something is computed from them."""
        self._bar.update(self._task, description=what)

    def summary(self, explored: "Explored", path: str) -> None:
        """Print every table, what the shortcut check means, warnings, and where the page is."""
        from xrayscan.exploration.tables import tables

        self._stop()
        out = self._console
        for table in tables(explored):
            out.print(_table(table))
            out.print()
        if explored.shortcut:
            out.print(printable(explored.shortcut.meaning), soft_wrap=True)
        tell_failed(out, explored.films.failed)
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

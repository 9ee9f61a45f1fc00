"""What people see of an exploration: films looked at, then tables and warnings, on stderr."""

from typing import TYPE_CHECKING

from rich.progress import TimeRemainingColumn
from rich.table import Table

from xrayscan.console.film_console import FilmConsole, tell_failed
from xrayscan.console.terminal import printable, say, shell_word, tell_files, titled_table

if TYPE_CHECKING:
    from xrayscan.exploration import Explored
    from xrayscan.exploration.tables import Table as TextTable


class ExploreConsole(FilmConsole):
    """Shows an exploration as it goes, and what it found."""

    def __init__(self, *, quiet: bool = False, since: float | None = None) -> None:
        super().__init__("looking at films", TimeRemainingColumn(), quiet=quiet, since=since)

    def stage(self, what: str) -> None:
        """The films are known; something is computed from them."""
        self.doing(what)

    def summary(self, explored: "Explored", path: str, directory: str) -> None:
        """Print every table, what the shortcut check means, warnings, and where the page is."""
        from xrayscan.exploration.tables import tables

        self._stop()
        out = self._console
        for table in tables(explored):
            out.print(_table(table))
            out.print()
        if explored.shortcut:
            say(out, printable(explored.shortcut.meaning))
        tell_failed(out, explored.films.failed)
        for warning in explored.warnings:
            say(out, f"[bold yellow]Warning:[/] {printable(warning)}.")
        tell_files(out, [path], [f"xrayscan train {shell_word(directory, 'DIR')} --out RUN/"])
        say(out, self._clock.told())


def _table(table: "TextTable") -> Table:
    drawn = titled_table(printable(table.title), [printable(heading) for heading in table.headings])
    for column in drawn.columns[1:]:
        column.justify = "right"
    for row in table.rows:
        drawn.add_row(*map(printable, row))
    return drawn

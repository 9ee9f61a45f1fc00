"""What people see of an exploration: films looked at, then tables and warnings, on stderr."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.progress import TimeRemainingColumn
from rich.table import Table

from xrayscan.console.film_console import FilmConsole, tell_failed
from xrayscan.console.terminal import printable, say, shell_word, tell_files, titled_table
from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.files.paths import path_text

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

    def summary(self, explored: "Explored", path: str, directory: str, labels: FolderSettings) -> None:
        """Print every table, what the shortcut check means, warnings, where the page is, and how to train on it."""
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
        films = " ".join([shell_word(directory, "DIR"), *_options(labels)])
        tell_files(out, [path], [f"xrayscan train {films} --out RUN/"])
        say(out, self._clock.told())


def _options(labels: FolderSettings) -> Iterator[str]:
    """What was said about the folder, as options of the next command."""
    said = {**labels.kept(), "labels": labels.labels_csv and path_text(labels.labels_csv)}
    if labels.positive == FolderSettings().positive:
        del said["positive"]
    for name, value in said.items():
        for one in value if isinstance(value, list) else filter(None, [value]):
            yield f"--{name.replace('_', '-')} {shell_word(one, name.upper())}"


def _table(table: "TextTable") -> Table:
    drawn = titled_table(printable(table.title), [printable(heading) for heading in table.headings])
    for column in drawn.columns[1:]:
        column.justify = "right"
    for row in table.rows:
        drawn.add_row(*map(printable, row))
    return drawn

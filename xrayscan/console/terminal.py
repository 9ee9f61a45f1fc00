"""What every command shows alike: consoles, tables, bars, files, times, and names made harmless."""

import re
import shlex
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TaskID, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column, Table
from rich.text import Text

from xrayscan.files.text import escaped

GAP = 2  # characters between the columns of a table
NARROW = 72  # characters below which a table that would break words is told row by row
HINT = 8  # characters of the words before files and hints
LONGEST = 72  # characters of a cell that others are aligned with: a UID and its extension fit


def stdout() -> Console:
    """The console for what a command was asked to print."""
    return Console(highlight=False, emoji=False)


def stderr(*, quiet: bool = False) -> Console:
    """The console for people. Colours and width are the terminal's; NO_COLOR and TERM=dumb are heeded."""
    return Console(stderr=True, quiet=quiet, highlight=False, emoji=False)


def moves(out: Console) -> bool:
    """Whether a bar can be redrawn there: not in a file, not on a dumb terminal, and not if quiet."""
    return out.is_terminal and not out.is_dumb_terminal and not out.quiet


def printable(text: str) -> str:
    """Text that strangers chose, such as a path or a model's name, as harmless markup on one line."""
    return escape(escaped(text))


def shell_word(path: str, otherwise: str) -> str:
    """A path as a shell takes it, or ``otherwise`` for one that could not be typed as it is shown."""
    return shlex.quote(path) if escaped(path) == path else otherwise


def duration(seconds: float) -> str:
    """Return a time as people write it: 2:05, or 1:02:05 from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class TitledTable(Table):
    """A table without lines, below a title that may be longer than its rows."""

    def __init__(self, told: str) -> None:
        super().__init__(box=None, pad_edge=False)
        self.told = told

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield f"[bold]{self.told}[/]"
        room = options.max_width - GAP * (len(self.columns) - 1)
        sizes = [[Measurement.get(console, options, cell) for cell in _cells(column)] for column in self.columns]
        words, lines = ([max(size[n] for size in column) for column in sizes] for n in (0, 1))
        if sum(words) > room and room < NARROW:
            yield from self._one_below_the_other()
        else:
            if sum(words) <= room < sum(lines):
                for column, width in zip(self.columns, _shared(words, lines, room), strict=True):
                    column.width = width
            yield from super().__rich_console__(console, options)

    def _one_below_the_other(self) -> RenderResult:
        """Every row as lines of headings and cells, where a terminal is too narrow for columns."""
        headings = [" ".join(str(column.header).split()) for column in self.columns]
        for row in zip(*(column.cells for column in self.columns), strict=True):
            told = [" ".join(str(cell).split()) for cell in row]
            yield from told[:1] if told[0] else ()
            yield from (f"  {name}: {cell}" for name, cell in zip(headings[1:], told[1:], strict=True) if cell)


def _cells(column: Column) -> list[RenderableType]:
    return [column.header, *column.cells]


def _shared(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Widths between the least, which breaks no word, and the most: those that need little more get it first."""
    widths, left = list(least), room - sum(least)
    needy = sorted(range(len(widths)), key=lambda n: most[n] - least[n])
    for place, n in enumerate(needy):
        more = min(most[n] - least[n], left // (len(needy) - place))
        widths[n] += more
        left -= more
    return widths


def titled_table(title: str, headings: Sequence[str]) -> Table:
    """The one style of tables: a bold title, headings, no lines. Longer words than a column are folded, not cut."""
    made = TitledTable(title)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to stdout."""
    table = titled_table(title, headings)
    for row in rows:
        table.add_row(*(printable(cell) for cell in row))
    out = stdout()
    out.print(table)
    out.print()


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Rows of markup as lines whose cells stand below one another; those in columns ``right`` end together.

    Nothing is ever folded: the last cell, such as a path, can be copied from the terminal whole. One cell that is
    longer than names are moves its own line, not all others.
    """
    lengths = [[Text.from_markup(cell).cell_len for cell in row] for row in rows]
    widths = [max((n for n in column if n <= LONGEST), default=0) for column in zip(*lengths, strict=True)]
    lines = []
    for row, long in zip(rows, lengths, strict=True):
        gaps = [" " * max(width - length, 0) for width, length in zip(widths, long, strict=True)]
        cells = (gap + cell if n in right else cell + gap for n, (cell, gap) in enumerate(zip(row, gaps, strict=True)))
        lines.append("  ".join(cells).rstrip())
    return lines


def tell(out: Console, text: str) -> None:
    """Print a line with a path or in columns unbroken: the terminal itself goes on in its next line."""
    out.print(text, soft_wrap=True)


def say(out: Console, sentence: str) -> None:
    """Print a sentence, broken between words where a terminal ends, never within one; elsewhere in one line."""
    text, breaks, column = Text.from_markup(sentence, emoji=False), [], 0
    for word in re.finditer(r"\S+\s*", text.plain):
        if column and column + cell_len(word[0].rstrip()) > out.width and out.is_terminal:
            breaks.append(word.start())
            column = 0
        column += cell_len(word[0])
    for line in text.divide(breaks):
        line.rstrip()
        out.print(line, soft_wrap=True)


def tell_files(out: Console, files: Iterable[str], commands: Iterable[str] = ()) -> None:
    """Print which files were written, one a line and pages first, and which commands people run next."""
    is_page = {file: file.partition(" (")[0].endswith(".html") for file in files}
    pages = [file for file, page in is_page.items() if page]
    others = [file for file, page in is_page.items() if not page]
    for word, lines in (("Open", pages), ("Written", others), ("Next", commands)):
        for n, line in enumerate(lines):
            tell(out, f"[bold]{'' if n else word:<{HINT}}[/] {printable(line)}")


def film_bar(console: Console, *more: ProgressColumn, **options: Any) -> Bar:
    """The bar of every command that goes through films: what is being done, how many of how many, and ``more``."""
    columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn())
    return Bar(*columns, *more, console=console, **options)


def restarted(bar: Bar, task: TaskID, description: str) -> TaskID:
    """Begin a bar anew for something of which nobody knows how long it takes."""
    bar.remove_task(task)
    return bar.add_task(description, total=None)


def take_away(bar: Bar) -> None:
    """Stop showing a bar, if it is shown: else that would print an empty line."""
    if bar.live.is_started:
        bar.stop()


class Clock:
    """How long a person waited: in all, and for what."""

    def __init__(self, since: float | None = None) -> None:
        """``since``: when waiting began, as `time.monotonic` has it; default: now."""
        self._since = time.monotonic() if since is None else since
        self._phases: dict[str, float] = {}
        self._name, self._begun = "", 0.0

    def phase(self, name: str) -> None:
        """Something else begins; an empty name is nothing worth telling."""
        if name != self._name:
            now = time.monotonic()
            if self._name:
                self._phases[self._name] = self._phases.get(self._name, 0.0) + now - self._begun
            self._name, self._begun = name, now

    def told(self) -> str:
        """Such as "17.3 s in all (scoring 5.8, pictures 9.1)."."""
        self.phase("")
        parts = ", ".join(f"{name} {seconds:,.1f}" for name, seconds in self._phases.items())
        return f"{time.monotonic() - self._since:,.1f} s in all{f' ({parts})' if parts else ''}."

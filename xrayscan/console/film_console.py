"""A console that shows a bar while films go by, and nothing of it afterwards."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import ProgressColumn

from xrayscan.console.terminal import Clock, film_bar, moves, printable, restarted, stderr, take_away, tell
from xrayscan.files.text import counted

if TYPE_CHECKING:
    from xrayscan.evaluation.films import TestFilms

FAILED_SHOWN = 10


class FilmConsole:
    """Counts films on stderr while it is open, and the time. A bar is shown where one can be redrawn."""

    def __init__(self, what: str, *columns: ProgressColumn, quiet: bool = False, since: float | None = None) -> None:
        """``what`` is done with each film; ``columns`` stand behind the bar; ``since``: as `Clock` has it."""
        self._console = stderr(quiet=quiet)
        self._clock = Clock(since)
        self._what = what
        self._bar = film_bar(self._console, *columns, transient=True, disable=not moves(self._console))
        self._task = self._bar.add_task(what, total=None)

    def __enter__(self) -> Self:
        self._clock.phase(self._what)
        if moves(self._console):
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def film(self, done: int, total: int) -> None:
        """One more film is done."""
        self._bar.update(self._task, completed=done, total=total)

    def doing(self, what: str) -> None:
        """Something else begins."""
        self._clock.phase(what)
        self._task = restarted(self._bar, self._task, what)

    def _stop(self) -> None:
        take_away(self._bar)


def labelled_counts(films: "TestFilms") -> str:
    """How many films have each label, of how many patients, such as "12 PNEUMONIA, 12 NORMAL, 9 patients (…)"."""
    negative, positive = map(printable, films.folder.labels)
    found, patients = int(films.labels.sum()), counted(int(films.groups.max()) + 1, "patient")
    return (
        f"{found:,} {positive}, {len(films.labels) - found:,} {negative}, {patients} "
        f"(IDs from {printable(films.folder.patients_by)})"
    )


def tell_failed(out: Console, failed: Mapping[str, str]) -> None:
    """Print the first films that could not be read, by path and reason, and how many there are more."""
    for path, reason in list(failed.items())[:FAILED_SHOWN]:
        tell(out, f"[dim]failed[/] {printable(path)}: {printable(reason)}")
    if (more := len(failed) - FAILED_SHOWN) > 0:
        out.print(f"[dim]failed[/] {more:,} more, listed in the report")

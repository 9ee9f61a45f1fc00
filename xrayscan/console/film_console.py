"""A console that shows a bar while films go by, and nothing of it afterwards."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import ProgressColumn

from xrayscan.console.terminal import film_bar, printable

FAILED_SHOWN = 10


class FilmConsole:
    """Counts films on stderr while it is open. A bar is shown on a terminal alone."""

    def __init__(self, what: str, *columns: ProgressColumn, quiet: bool = False) -> None:
        """``what`` is done with each film; ``columns`` stand behind the bar."""
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._bar = film_bar(self._console, *columns, transient=True, disable=quiet)
        self._task = self._bar.add_task(what, total=None)

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._console.quiet:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def film(self, done: int, total: int) -> None:
        """One more film is done."""
        self._bar.update(self._task, completed=done, total=total)

    def _stop(self) -> None:
        if self._bar.live.is_started:  # else stopping would print an empty line
            self._bar.stop()


def tell_failed(out: Console, failed: Mapping[str, str]) -> None:
    """Print the first films that could not be read, by path and reason, and how many there are more."""
    for path, reason in list(failed.items())[:FAILED_SHOWN]:
        out.print(f"[dim]failed[/] {printable(path)}: {printable(reason)}", soft_wrap=True)
    if (more := len(failed) - FAILED_SHOWN) > 0:
        out.print(f"[dim]failed[/] {more:,} more, listed in the report")

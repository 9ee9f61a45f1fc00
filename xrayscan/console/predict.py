"""What people see of a scan in the terminal, on stderr: the model, how far it is, and what it came to."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import ProgressColumn, Task
from rich.text import Text

from xrayscan.console.terminal import (
    Clock,
    duration,
    film_bar,
    moves,
    printable,
    restarted,
    say,
    stderr,
    take_away,
    tell_files,
)
from xrayscan.console.worklist import next_commands, tell_worklist
from xrayscan.model.card import ModelCard
from xrayscan.observing.progress import Progress
from xrayscan.scanning.hardware import Hardware
from xrayscan.worklist.worklist import NOTICE, Worklist

UNANSWERED = 10.0  # s without an answer of the file system after which people are told
REPORTS = "pictures and reports"  # a phase, as people read it
PLAIN_EVERY = 10.0  # s between lines where no bar can be redrawn


class ScanConsole:
    """Shows a scan as it goes, and what it came to. Quiet: nothing. Verbose: also every file set aside or failed."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False, since: float | None = None) -> None:
        self.progress = Progress()
        self.hardware: Hardware | None = None  # known once the first film is to be scored
        self._console = stderr(quiet=quiet)
        self._clock = Clock(since)
        self._verbose = verbose
        self._bar = film_bar(self._console, _RateColumn(), transient=True)
        self._task = self._bar.add_task("Looking for files", total=None)
        self._live = moves(self._console)
        self._rate = _Rate()
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def models(self, cards: Sequence[ModelCard], names: Sequence[str]) -> None:
        """Say which models score, and for whom they are."""
        for card, name in zip(cards, names, strict=True):
            whom = card.audience.get("for whom", "").partition(",")[0]
            say(self._console, f"Model [bold]{printable(name)}[/]{f' ({printable(whom)})' if whom else ''}")
        self._clock.phase("scoring")

    def started(self, hardware: Hardware) -> None:
        """Take over what the scan computes on."""
        self.hardware = hardware
        placement = hardware.placement
        told = f"by {placement.runtime} on {placement.device} in {placement.precision}, {hardware.batch_size} at once"
        say(self._console, f"Scoring {told}")

    def update(self, progress: Progress) -> None:
        """Take over how far the scan is."""
        self.progress = progress
        self._rate.add(progress.done - progress.kept)
        if self._live:
            self._bar.update(
                self._task,
                completed=progress.done,
                total=progress.found,
                description="Scoring",
                rate=self._rate.per_second,
                walked=progress.walked,
                note=_failed(progress) + _stands_still(progress),
            )
        elif time.monotonic() - self._said >= PLAIN_EVERY:
            self._said = time.monotonic()
            say(self._console, progress_line(progress, self._rate.per_second))

    def writing(self, path: str) -> None:
        """Take over which report is being written: of 300,000 films each takes some seconds."""
        self._clock.phase(REPORTS)
        self._task = restarted(self._bar, self._task, f"Writing {printable(path)}")

    def pictures(self, done: int, total: int) -> None:
        """Take over of how many films the page has its pictures."""
        self._clock.phase(REPORTS)
        self._bar.update(self._task, completed=done, total=total, description="Pictures", rate=0, note="")

    def summary(self, worklist: Worklist, files: Sequence[str], models: Sequence[str], *, scanned: bool = True) -> None:
        """Print counts, why films were not scored, which ones to read first, where the files are, and the time.

        ``models`` scored, as the user called them. ``scanned``: whether they did so just now.
        """
        self._stop()
        tell_worklist(self._console, worklist, verbose=self._verbose, scanned=scanned)
        tell_files(self._console, files, next_commands(worklist, models))
        say(self._console, f"{self._clock.told()} [italic]{NOTICE}[/]")

    def _stop(self) -> None:
        take_away(self._bar)


def progress_line(progress: Progress, rate: float) -> str:
    """How far a scan is, in words, with the time left at so many files per second."""
    left = f", {duration((progress.found - progress.done) / rate)} left" if rate and progress.walked else ""
    return (
        f"{progress.done:,} of {progress.found:,} files done: {progress.scored:,} scored, "
        f"{progress.failed:,} failed, {rate:,.0f}/s{left}{_stands_still(progress)}"
    )


def _failed(progress: Progress) -> str:
    return f", {progress.failed:,} failed" if progress.failed else ""


def _stands_still(progress: Progress) -> str:
    """Tell of workers that do not come, and of a folder whose file system does not answer while it is listed."""
    waiting = f"; waiting for {printable(progress.waiting)}" if progress.waiting else ""
    if progress.unanswered < UNANSWERED:
        return waiting
    return f"{waiting}; the file system has not answered for {duration(progress.unanswered)}"


class _Rate:
    """Files per second over the last seconds, so that a slow start does not colour the rest."""

    WINDOW = 20.0  # s

    def __init__(self) -> None:
        self._points = [(time.monotonic(), 0)]

    def add(self, done: int) -> None:
        now = time.monotonic()
        self._points.append((now, done))
        while len(self._points) > 2 and self._points[1][0] < now - self.WINDOW:
            self._points.pop(0)

    @property
    def per_second(self) -> float:
        (then, before), (now, done) = self._points[0], self._points[-1]
        return (done - before) / (now - then) if now > then else 0.0


class _RateColumn(ProgressColumn):
    """Films per second and time left; "at least" while the walk still finds files."""

    def render(self, task: Task) -> Text:
        rate, note = float(task.fields.get("rate", 0)), str(task.fields.get("note", ""))
        if not rate or task.total is None:
            return Text(note.removeprefix(", "))
        left = duration((task.total - task.completed) / rate)
        return Text(f"{rate:,.0f} films/s, {'' if task.fields.get('walked') else 'at least '}{left} left{note}")

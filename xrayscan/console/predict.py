"""What people see in the terminal: progress and summary, on stderr. Alone in importing rich."""

import itertools
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import ProgressColumn, Task
from rich.table import Table
from rich.text import Text

from xrayscan.console.terminal import _table, duration, film_bar, printable
from xrayscan.files.text import counted, ending
from xrayscan.observing.progress import Progress
from xrayscan.report.remedies import remedy
from xrayscan.scanning.hardware import Hardware
from xrayscan.store.record import Status
from xrayscan.worklist.worklist import DISAGREE, Worklist

UNSCORED = (Status.SET_ASIDE, Status.FAILED)
TOP = 5
TOP_REASONS = 8
HEADING_WIDTH = 8  # characters of a model's name on one line
HEADING = 16  # characters of it in all: its end, where paths differ
UNANSWERED = 10.0  # s without an answer of the file system after which people are told
PLAIN_EVERY = 10.0  # s between lines where stderr is no terminal
TIER_STYLE = {"high": "bold red", "unlike": "bold", "intermediate": "yellow", "low": "green"}


class ScanConsole:
    """Shows a scan as it goes, and what it came to. Quiet: nothing. Verbose: also every file set aside or failed."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.progress = Progress()
        self.hardware: Hardware | None = None  # known once the first film is to be scored
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._verbose = verbose
        self._bar = film_bar(self._console, _RateColumn(), transient=True)
        self._task = self._bar.add_task("looking for files", total=None)
        self._live = self._console.is_terminal and not quiet
        self._rate = _Rate()
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def started(self, hardware: Hardware) -> None:
        """Take over what the scan computes on."""
        self.hardware = hardware

    def update(self, progress: Progress) -> None:
        """Take over how far the scan is."""
        self.progress = progress
        self._rate.add(progress.done - progress.kept)
        if self._live:
            self._bar.update(
                self._task,
                completed=progress.done,
                total=progress.found,
                description=f"{progress.scored:,} scored, {progress.failed:,} failed{_unanswered(progress)}",
                rate=self._rate.per_second,
                walked=progress.walked,
            )
        elif time.monotonic() - self._said >= PLAIN_EVERY:
            self._said = time.monotonic()
            self._console.print(progress_line(progress, self._rate.per_second))

    def writing(self, path: str) -> None:
        """Take over which report is being written: of 300,000 films each takes some seconds."""
        self._bar.update(self._task, completed=0, total=None, description=f"writing {printable(path)}", rate=0)

    def pictures(self, done: int, total: int) -> None:
        """Take over of how many films the page has its pictures."""
        self._bar.update(self._task, completed=done, total=total, description="pictures for the page", rate=0)

    def summary(self, worklist: Worklist, files: Sequence[str]) -> None:
        """Print counts, the first films to read, why others were not scored, and where the files are."""
        self._bar.stop()
        out, counts, progress = self._console, worklist.counts, self.progress
        out.print()
        for row in itertools.chain.from_iterable(map(worklist.unscored, UNSCORED)) if self._verbose else ():
            out.print(f"[dim]{row.status}[/] {printable(row.source)}: {printable(row.reason)}", soft_wrap=True)
        if counts.scored:
            out.print(_top_table(worklist))
        for doubt in worklist.doubts:
            out.print(f"[bold red]Warning:[/] {printable(doubt)}", soft_wrap=True)
        out.print(_counted(worklist), soft_wrap=True)
        for status in UNSCORED:
            if reasons := worklist.reasons(status):
                out.print(_reasons_table(status, reasons, worklist.codes(status)))
        if counts.kept or counts.removed:
            out.print(
                f"Resumed earlier scan: {counts.kept:,} unchanged, {counts.new:,} new or changed, "
                f"{counts.removed:,} removed.",
                soft_wrap=True,
            )
        if counts.new and progress.seconds and self.hardware:
            placement = self.hardware.placement
            out.print(
                f"{counted(counts.new, 'film')} scored in {progress.seconds:,.1f} s, start-up included, "
                f"by {placement.runtime} on {placement.device} in {placement.precision}, "
                f"{self.hardware.batch_size} at once.",
                soft_wrap=True,
            )
        name, fingerprint = printable(worklist.names[0]), worklist.fingerprint[:12]
        out.print(f"Model {name} ({fingerprint}): {_threshold(worklist)}", soft_wrap=True)
        if len(worklist.cards) > 1:
            out.print(_compared(worklist), soft_wrap=True)
        for card in worklist.cards:
            if card.is_trial:
                out.print(f"[bold red]Warning:[/] {printable(card.trial_note)}.", soft_wrap=True)
        out.print("Written: " + printable(", ".join(files)), soft_wrap=True)
        out.print("[italic]Suggested reading order. Not a diagnosis.[/]")


def _counted(worklist: Worklist) -> str:
    counts, tiers = worklist.counts, worklist.tier_counts
    tiers_text = ", ".join(f"[{TIER_STYLE[tier]}]{tiers[tier]:,} {tier}[/]" for tier in ("high", "intermediate", "low"))
    if worklist.unlike:
        tiers_text += f"; {worklist.unlike:,} unlike training{', apart' if worklist.apart else ''}"
    aside = f"{counts.set_aside:,} set aside, " if counts.set_aside else ""
    skipped = f", {counts.skipped:,} skipped (not images)" if counts.skipped else ""
    return (
        f"[bold]{counted(counts.found, 'file')} found:[/] {counts.scored:,} scored ({tiers_text}), "
        f"{aside}{counts.failed:,} failed{skipped}"
    )


def _threshold(worklist: Worklist) -> str:
    limits = worklist.thresholds
    label, clinic = printable(worklist.card.labels[1]), worklist.settings.prevalence
    shifted = "" if clinic is None else f" Probabilities are shifted to a prevalence of {clinic:.1%}."
    if limits.point is None:
        return f"flagged as {label} at {limits.predicted:.3f} or higher (custom threshold).{shifted}"
    point = limits.point
    if worklist.doubts:
        return (
            f'flagged as {label} at {limits.predicted:.3f} or higher ("{printable(point.name)}" threshold); what that '
            f"reached on validation says nothing of this scan.{shifted}"
        )
    low, high = (f"{100 * bound:.0f}" for bound in point.sensitivity_ci95)
    return (
        f'flagged as {label} at {limits.predicted:.3f} or higher ("{printable(point.name)}" threshold); validation: '
        f"sensitivity {100 * point.sensitivity:.0f} % ({low}–{high} %), specificity "
        f"{100 * point.specificity:.0f} %.{shifted}"
    )


def _compared(worklist: Worklist) -> str:
    others = ", ".join(
        f"{printable(name)} ({fingerprint[:12]})"
        for name, fingerprint in zip(worklist.names[1:], worklist.fingerprints[1:], strict=True)
    )
    differ, films = worklist.disagreements, worklist.counts.scored
    told = f"tiers differ on {differ:,} of {counted(films, 'film')}, flagged “{DISAGREE}”"
    tiers = told if differ else "tiers never differ"
    return f"Compared with {others}: {tiers}; ranked by {'the mean' if worklist.by_mean else 'the first model'}."


def _top_table(worklist: Worklist) -> Table:
    """The first films to read: what ranks them, and each model's probability in the colour of its tier."""
    several, rows = len(worklist.cards) > 1, worklist.top(TOP)
    table = _table(f"Top {len(rows)} of {worklist.counts.scored:,}", ())
    first = worklist.names[0] if several else "probability"
    for heading in ("rank", *(["mean"] if worklist.by_mean else [])):
        table.add_column(heading, justify="right")
    table.add_column(
        printable(ending(first, HEADING)),
        justify="right",
        overflow="fold",
        max_width=HEADING_WIDTH if several else None,
    )
    table.add_column("tier")
    for name in worklist.names[1:]:
        table.add_column(printable(ending(name, HEADING)), justify="right", overflow="fold", max_width=HEADING_WIDTH)
    table.add_column("file", overflow="fold")
    for row in rows:
        mean = [] if row.mean is None else [f"{row.mean:.3f}"]
        one, *others = (f"[{TIER_STYLE[tier]}]{p:.3f}[/]" for p, tier in zip(row.probabilities, row.tiers, strict=True))
        flags = "" if several or not row.flags else f" [dim]({printable(', '.join(row.remarks))})[/]"
        tier = f"[{TIER_STYLE[row.tier]}]{row.tier}[/]"
        table.add_row(str(row.rank), *mean, one, tier, *others, printable(row.source) + flags)
    return table


def _reasons_table(status: Status, reasons: Mapping[str, int], codes: Mapping[str, str]) -> Table:
    """Why files were set aside or failed, the most frequent reason first, and what to do about each."""
    table = _table(status.capitalize(), ())
    for heading, justify in (("files", "right"), ("reason", "left"), ("what to do", "left")):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    frequent = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    for reason, count in frequent[:TOP_REASONS]:
        table.add_row(f"{count:,}", printable(reason), escape(remedy(codes.get(reason, ""))))
    if rest := frequent[TOP_REASONS:]:
        table.add_row(f"{sum(count for _, count in rest):,}", counted(len(rest), "other reason"), "See the worklist.")
    return table


def progress_line(progress: Progress, rate: float) -> str:
    """How far a scan is, in words, with the time left at so many files per second."""
    left = f", {duration((progress.found - progress.done) / rate)} left" if rate and progress.walked else ""
    return (
        f"{progress.done:,} of {progress.found:,} files done: {progress.scored:,} scored, "
        f"{progress.failed:,} failed, {rate:,.0f}/s{left}{_unanswered(progress)}"
    )


def _unanswered(progress: Progress) -> str:
    """Tell of a folder that is being listed and does not answer, such as one on a server that is gone."""
    if progress.unanswered < UNANSWERED:
        return ""
    return f"; the file system has not answered for {duration(progress.unanswered)}"


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
        rate = float(task.fields.get("rate", 0))
        if not rate or task.total is None:
            return Text("")
        left = duration((task.total - task.completed) / rate)
        return Text(f"{rate:,.0f}/s, {'' if task.fields.get('walked') else 'at least '}{left} left")

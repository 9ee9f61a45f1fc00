"""A worklist in the terminal: counts, warnings, why films were not scored, and the first ones to read."""

import itertools
import os
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from xrayscan.console.terminal import aligned, printable, say, shell_word, tell, titled_table
from xrayscan.files.text import counted, ending
from xrayscan.model.card import Interval
from xrayscan.model.file import SUFFIX
from xrayscan.model.graph_file import graph_suffix
from xrayscan.models import DEFAULT
from xrayscan.report.remedies import remedy
from xrayscan.store.record import Status
from xrayscan.worklist.worklist import DISAGREE, Worklist, WorklistRow

UNSCORED = (Status.SET_ASIDE, Status.FAILED)
TOP = 5
TOP_REASONS = 8
HEADING = 12  # characters of a model's name above its probabilities: its end, where paths differ
TIER_STYLE = {"high": "bold red", "unlike": "bold", "intermediate": "yellow", "low": "green"}


def tell_worklist(out: Console, worklist: Worklist, *, verbose: bool = False, scanned: bool = True) -> None:
    """Print what a scan came to. ``verbose``: also every file that was set aside or failed.

    ``scanned``: whether it was made just now; else nothing is said of what it resumed.
    """
    for row in itertools.chain.from_iterable(map(worklist.unscored, UNSCORED)) if verbose else ():
        tell(out, f"[dim]{row.status}[/] {printable(row.source)}: {printable(row.reason)}")
    _tell_counts(out, worklist)
    if scanned:
        _tell_resumed(out, worklist)
    for doubt in worklist.doubts:
        say(out, f"[bold red]Warning:[/] {printable(doubt)}")
    for status in UNSCORED:
        if reasons := worklist.reasons(status):
            out.print()
            out.print(_reasons_table(status, reasons, worklist.codes(status)))
    if worklist.counts.scored:
        out.print()
        tell(out, f"[bold]Top {min(TOP, worklist.counts.scored)} of {worklist.counts.scored:,}[/]")
        for line, flags in zip(_top(worklist), _flags(worklist), strict=True):
            fits = not out.is_terminal or cell_len(Text.from_markup(f"{line}  {flags}").plain) <= out.width
            tell(out, f"{line}  {flags}" if flags and fits else line)
            if flags and not fits:
                say(out, f"    {flags}")
    out.print()
    _tell_models(out, worklist)


def next_commands(worklist: Worklist, models: Sequence[str]) -> list[str]:
    """What people run after a scan by these models: the first film, by its path if a shell can be given it as shown."""
    first = next(iter(worklist.top(1)), None)
    if first is None:
        return []
    site = f"site{graph_suffix(models[0]) or SUFFIX}"  # an exported model stays one
    options = [] if list(models) == [DEFAULT] else [f" --model {shell_word(model, 'MODEL')}" for model in models]
    return [
        f"xrayscan show {shell_word(first.source, 'FILE')}{''.join(options)}",
        f"xrayscan calibrate LABELLED{''.join(options[:1])} --out {site}",
    ]


def _tell_counts(out: Console, worklist: Worklist) -> None:
    counts, tiers = worklist.counts, worklist.tier_counts
    aside = f"   {counts.set_aside:,} set aside" if counts.set_aside else ""
    skipped = f"   {counts.skipped:,} skipped (not images)" if counts.skipped else ""
    tell(
        out,
        f"[bold]{counted(counts.found, 'file')} found[/]   {counts.scored:,} scored{aside}   "
        f"{counts.failed:,} failed{skipped}",
    )
    told = "   ".join(f"[{TIER_STYLE[tier]}]{tier}[/] {tiers[tier]:,}" for tier in ("high", "intermediate", "low"))
    if worklist.unlike:
        told += f"   unlike training {worklist.unlike:,}{' (apart)' if worklist.apart else ''}"
    if counts.scored:
        tell(out, told)


def _tell_resumed(out: Console, worklist: Worklist) -> None:
    counts = worklist.counts
    if counts.kept or counts.removed:
        say(
            out,
            f"Resumed earlier scan: {counts.kept:,} unchanged, {counts.new:,} new or changed, "
            f"{counts.removed:,} removed.{_computed(worklist)}",
        )


def _computed(worklist: Worklist) -> str:
    """What computed the films of a scan that computed none: maybe not what was asked for this time."""
    computed = () if worklist.counts.new else worklist.store.computed
    return f" Scored by {printable(' in '.join(computed))}; --fresh scores them anew." if computed else ""


def _tell_models(out: Console, worklist: Worklist) -> None:
    name, fingerprint = printable(worklist.names[0]), worklist.fingerprint[:12]
    say(out, f"Model {name} ({fingerprint}): {_threshold(worklist)}")
    if len(worklist.cards) > 1:
        say(out, _compared(worklist))
    for card in worklist.cards:
        if card.is_trial:
            say(out, f"[bold red]Warning:[/] {printable(card.trial_note)}.")


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
    return (
        f'flagged as {label} at {limits.predicted:.3f} or higher ("{printable(point.name)}" threshold); validation: '
        f"sensitivity {_share(point.sensitivity, point.sensitivity_ci95)}, specificity "
        f"{_share(point.specificity, point.specificity_ci95)}.{shifted}"
    )


def _share(share: float, bounds: Interval) -> str:
    low, high = (f"{100 * bound:.0f}" for bound in bounds)
    return f"{100 * share:.0f} % ({low}–{high} %)"


def _compared(worklist: Worklist) -> str:
    others = ", ".join(
        f"{printable(name)} ({fingerprint[:12]})"
        for name, fingerprint in zip(worklist.names[1:], worklist.fingerprints[1:], strict=True)
    )
    differ, films = worklist.disagreements, worklist.counts.scored
    told = f"tiers differ on {differ:,} of {counted(films, 'film')}, flagged “{DISAGREE}”"
    tiers = told if differ else "tiers never differ"
    return f"Compared with {others}: {tiers}; ranked by {'the mean' if worklist.by_mean else 'the first model'}."


def _top(worklist: Worklist) -> list[str]:
    """The first films to read: rank, probability in per cent by every model, tier, name, folder."""
    several, mean = len(worklist.cards) > 1, worklist.by_mean
    rows = [_cells(row) for row in worklist.top(TOP)]
    if several:
        names = [printable(ending(name, HEADING)) for name in worklist.names]
        headings = ["", *(["mean"] if mean else []), *names, "tier", "film", ""]
        rows.insert(0, [f"[dim]{heading}[/]" if heading else "" for heading in headings])
    numbers = 1 + mean + len(worklist.cards)
    return aligned(rows, right=range(numbers))


def _flags(worklist: Worklist) -> list[str]:
    """What to know of each of the films above; of several models' worklist nothing, which has a line for headings."""
    if len(worklist.cards) > 1:
        return [""] * (1 + len(worklist.top(TOP)))
    return [f"[dim]({printable(', '.join(row.remarks))})[/]" if row.flags else "" for row in worklist.top(TOP)]


def _cells(row: WorklistRow) -> list[str]:
    folder, name = os.path.split(row.source)
    numbers = [] if row.mean is None else [f"{100 * row.mean:.2f}"]
    for p, tier in zip(row.probabilities, row.tiers, strict=True):
        style = TIER_STYLE["unlike" if row.tier == "unlike" else tier]  # no colour for a number that means little
        numbers.append(f"[{style}]{100 * p:.2f}[/]")
    where = printable(os.path.join(folder, "")) if folder else ""
    return [f"{row.rank:>2}", *numbers, f"[{TIER_STYLE[row.tier]}]{row.tier}[/]", printable(name), where]


def _reasons_table(status: Status, reasons: Mapping[str, int], codes: Mapping[str, str]) -> Table:
    """Why files were set aside or failed, the most frequent reason first, and what to do about each."""
    table = titled_table(status.capitalize(), ("files", "reason", "what to do"))
    table.columns[0].justify = "right"
    frequent = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    for reason, count in frequent[:TOP_REASONS]:
        table.add_row(f"{count:,}", printable(reason), escape(remedy(codes.get(reason, ""))))
    if rest := frequent[TOP_REASONS:]:
        table.add_row(f"{sum(count for _, count in rest):,}", counted(len(rest), "other reason"), "See the worklist.")
    return table

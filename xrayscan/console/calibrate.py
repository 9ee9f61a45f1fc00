"""What people see of a calibration: films read, before and after, thresholds with what they cost, on stderr."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xrayscan.console.film_console import FilmConsole, labelled_counts, tell_failed
from xrayscan.console.intervals import figure, figure_above
from xrayscan.console.terminal import printable, say, shell_word, tell_files, titled_table
from xrayscan.evaluation.figures import NAMES
from xrayscan.files.text import counted

if TYPE_CHECKING:
    from rich.table import Table

    from xrayscan.calibration.costs import Line
    from xrayscan.calibration.site import Calibrated

SHOWN = ("accuracy", "sensitivity", "specificity", "ece", "brier", "auroc")
LINES = 12  # of the table of thresholds, evenly over the films that are read


class CalibrateConsole(FilmConsole):
    """Shows a calibration as it goes, and what it came to."""

    def __init__(self, *, quiet: bool = False, since: float | None = None) -> None:
        super().__init__("reading films", quiet=quiet, since=since)

    def summary(self, result: "Calibrated", reference: str, files: Sequence[str]) -> None:
        """Print warnings, figures before and after, thresholds, how many films more certainty takes, and the files.

        ``reference`` is the model that was calibrated, as the user called it.
        """
        self._stop()
        out, films = self._console, result.films
        tell_failed(out, films.failed)
        for warning in result.warnings:
            say(out, f"[bold red]Warning:[/] {printable(warning)}")
        say(out, f"[bold]Calibrated on {counted(len(films.labels), 'film')}:[/] {labelled_counts(films)}.")
        out.print(_before_and_after(result))
        out.print(_thresholds(result))
        if result.gate:
            (before, after), (low, high) = result.gate.flagged, result.gate.unlike_from
            say(
                out,
                f"Unlike training: {before:,} of these films before, {after:,} now (flagged from {low:.3f}, now "
                f"from {high:.3f}).",
            )
        for name, films_by_width in result.needed.items():
            told = ", ".join(f"±{100 * width:.0f} % with {count:,}" for width, count in films_by_width.items())
            say(out, f"Labelled films to know {name}: {told}.")
        old, new = shell_word(reference, "OLD"), shell_word(files[0], "NEW")
        tell_files(out, files, [f"xrayscan evaluate OTHER-FILMS --model {old} --model {new}"])
        fitted = "No film helped to fit its own calibration: check it on other films."
        say(out, f"{self._clock.told()} [italic]{fitted}[/]")


def _before_and_after(result: "Calibrated") -> "Table":
    table = titled_table("Before and after (95 % interval by patient)", ("figure", "before", "after"))
    for name in SHOWN:
        table.add_row(
            NAMES[name], *(figure(one.values[name], one.intervals[name]) for one in (result.before, result.after))
        )
    return table


def _thresholds(result: "Calibrated") -> "Table":
    """The operating points and some thresholds between, in rising order."""
    headings = (
        "threshold",
        "operating point",
        "found",
        "missed",
        "read",
        "sensitivity",
        "specificity",
        "cost",
    )
    counted_as = f"cost: {result.costs.missed:g} a missed case, {result.costs.read:g} a film read"
    table = titled_table(f"Thresholds on these films ({counted_as})", headings)
    step = max(1, len(result.table) // LINES)
    rows = [*(("", line) for line in result.table[::step]), *result.points.items()]
    for name, line in sorted(rows, key=lambda row: row[1].threshold):
        table.add_row(*_cells(name, line))
    return table


def _cells(name: str, line: "Line") -> list[str]:
    counts = [f"{count:,}" for count in (line.found, line.missed, line.read)]
    told = ((line.sensitivity, line.sensitivity_ci95), (line.specificity, line.specificity_ci95))
    shares = [figure_above(share, bounds) for share, bounds in told]
    return [f"{line.threshold:.4f}", f"[bold]{printable(name)}[/]" if name else "", *counts, *shares, f"{line.cost:g}"]

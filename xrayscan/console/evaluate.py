"""What people see of an evaluation: films read and scored, then one table of figures, on stderr."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.progress import TimeRemainingColumn
from rich.table import Table

from xrayscan.console.film_console import FilmConsole, labelled_counts, tell_failed
from xrayscan.console.intervals import difference, figure, figure_above
from xrayscan.console.terminal import printable, say, shell_word, tell_files, titled_table
from xrayscan.evaluation.figures import NAMES
from xrayscan.evaluation.groups import GROUP_FIGURES
from xrayscan.files.text import counted

if TYPE_CHECKING:
    from xrayscan.evaluation.evaluator import Evaluated, Evaluation
    from xrayscan.evaluation.figures import Figures
    from xrayscan.evaluation.groups import ByGroup


class EvaluateConsole(FilmConsole):
    """Shows an evaluation as it goes, and what it came to."""

    def __init__(self, *, quiet: bool = False, since: float | None = None) -> None:
        super().__init__("reading films", TimeRemainingColumn(), quiet=quiet, since=since)

    def scored(self, done: int, total: int) -> None:
        """One more batch was scored."""
        self._clock.phase("scoring films")
        self._bar.update(self._task, completed=done, total=total, description="scoring films")

    def summary(self, evaluation: "Evaluation", files: Sequence[str]) -> None:
        """Print warnings, counts, the figures of every model, and where the files are."""
        self._stop()
        out, films = self._console, evaluation.films
        tell_failed(out, films.failed)
        for warning in evaluation.warnings:
            style = "yellow" if warning in films.folder.warnings else "bold red"
            say(out, f"[{style}]Warning:[/] {printable(warning)}")
        say(out, f"[bold]{counted(len(films.labels), 'film')}:[/] {labelled_counts(films)}.")
        out.print(_figures_table(evaluation))
        if len(evaluation.models) > 1:
            out.print(_differences_table(evaluation))
        for model in evaluation.models:
            if evaluation.groups and model.by_group:
                out.print(_groups_table(model, films.folder.labels[1], evaluation.groups.by, model.by_group))
        for model in evaluation.models:
            say(out, _queue_line(model, films.folder.labels[1]))
        first = shell_word(evaluation.models[0].reference, "MODEL")
        tell_files(out, files, [f"xrayscan predict FOLDER --model {first}"])
        figures = "These figures describe how well films are ordered. They are not a diagnosis."
        say(out, f"{self._clock.told()} [italic]{figures}[/]")


def _figures_table(evaluation: "Evaluation") -> Table:
    models = evaluation.models
    table = titled_table(
        "Figures (95 % interval by patient)", ["figure", *(printable(model.title) for model in models)]
    )
    for name, label in NAMES.items():
        table.add_row(label, *(figure(model.values[name], model.intervals[name]) for model in models))
    table.add_row("threshold", *(f"{model.threshold:.4f}" for model in models))
    table.add_row("tn, fp, fn, tp", *(_counts(model.confusion(evaluation.films.labels)) for model in models))
    if models[0].at_prevalence:
        for name in ("ppv", "npv"):
            known = (model.at_prevalence for model in models if model.at_prevalence)
            cells = (figure(at.values[name], at.intervals[name]) for at in known)
            table.add_row(f"{name.upper()} at your prevalence", *cells)
    return table


def _differences_table(evaluation: "Evaluation") -> Table:
    others = evaluation.models[1:]
    title = f"Differences to {printable(evaluation.models[0].title)} (95 % interval, paired)"
    table = titled_table(title, ["figure", *(printable(model.title) for model in others)])
    gaps = [model.difference for model in others if model.difference]
    for name in gaps[0].values:
        table.add_row(NAMES[name], *(difference(gap.values[name], gap.intervals[name]) for gap in gaps))
    return table


def _groups_table(model: "Evaluated", label: str, by: str, found: "ByGroup") -> Table:
    columns = ["films", f"with\n{printable(label)}", *(NAMES[name].partition(" (")[0] for name in GROUP_FIGURES)]
    title = f"{printable(model.title)} by {printable(by)} (95 % interval by patient)"
    table = titled_table(title, [printable(by), *columns])
    for row in found.groups:
        cells = (_cell(row.figures, name, "too few") for name in GROUP_FIGURES)
        table.add_row(printable(row.name), f"{row.films:,}", f"{row.with_finding:,}", *cells)
    table.add_row("mean", "", "", *(_cell(found.mean, name, "–") for name in GROUP_FIGURES))
    table.add_row("worst", "", "", *(_worst(found, name) for name in GROUP_FIGURES))
    return table


def _cell(figures: "Figures", name: str, otherwise: str) -> str:
    return figure_above(figures.values[name], figures.intervals[name]) if name in figures.values else otherwise


def _worst(found: "ByGroup", name: str) -> str:
    row = found.worst.get(name)
    return f"{row.figures.values[name]:.3f}\n({printable(row.name)})" if row else "–"


def _counts(confusion: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,}" for count in confusion.values())


def _queue_line(model: "Evaluated", label: str) -> str:
    queue = model.queue.values
    return (
        f"{printable(model.title)}: half of the {printable(label)} films are read within the first "
        f"{queue['sorted']:.1%} of the queue (unsorted: {queue['arrival']:.1%})."
    )

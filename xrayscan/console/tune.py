"""What people see of a search: the best trials so far, the trial under way, and what came of it all, on stderr."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from xrayscan.console.terminal import (
    Clock,
    duration,
    film_bar,
    moves,
    printable,
    say,
    shell_word,
    stderr,
    tell,
    tell_files,
    titled_table,
)
from xrayscan.console.train import patients_apart, tell_warnings
from xrayscan.files.text import counted, escaped
from xrayscan.model.backend import Epoch

if TYPE_CHECKING:
    from xrayscan.training.plan import SplitFilms
    from xrayscan.tuning.results import Tuned
    from xrayscan.tuning.study import Trial

TOP = 5
COLUMN = 12  # characters that a parameter's column needs
STATE_STYLE = {"complete": "green", "pruned": "yellow", "failed": "red"}


class TuneConsole:
    """Shows a search as it goes. Where stderr is no terminal: one line per trial."""

    def __init__(self, objective: str, trials: int, *, quiet: bool = False, since: float | None = None) -> None:
        self._console = stderr(quiet=quiet)
        self._clock = Clock(since)
        self._objective, self._of = objective, trials
        self._bar = film_bar(self._console)
        self._task = self._bar.add_task("starting", total=None)
        self._live = Live(self._bar, console=self._console, transient=True)
        self._title = ""  # of the trial under way
        self._left = ""  # time, guessed from the trials before
        self._split = False  # whether it was told how the films are divided

    def __enter__(self) -> Self:
        if moves(self._console):
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def plan(self, space: Mapping[str, str]) -> None:
        """The search is known to make sense."""
        self._console.print(f"Searching for the best {self._objective} over:")
        for name, values in space.items():
            tell(self._console, f"  {escape(name)}: [dim]{printable(values)}[/]")

    def film(self, done: int, total: int) -> None:
        """One more film was read."""
        self._bar.update(self._task, completed=done, total=total, description=f"{self._title}reading films")

    def split(self, films: "SplitFilms", epochs: Sequence[Epoch]) -> None:
        """The films are read and divided, for the first trial of their size."""
        if self._split:
            return
        self._split = True
        tell_warnings(self._console, films)
        say(
            self._console,
            f"Every trial trains on {counted(len(films.training), 'film')} and is validated on "
            f"{len(films.validation):,} ({patients_apart(films)}).",
        )

    def begin(self, number: int, parameters: Mapping[str, Any]) -> None:
        """A trial begins."""
        self._title = f"trial {number} of {self._of}: "
        self._bar.update(self._task, completed=0, total=None, description=self._title + escape(_words(parameters)))

    def step(self, epoch: int, done: int, of: int) -> None:
        """One more step of an epoch is done."""
        description = f"{self._title}epoch {epoch}, step {done} of {of}{self._left}"
        self._bar.update(self._task, description=description)

    def validated(self, epoch: int, done: int, of: int) -> None:
        """Some more films are validated on."""
        description = f"{self._title}epoch {epoch}, validating {done} of {of}{self._left}"
        self._bar.update(self._task, description=description)

    def epoch(self, epoch: Epoch) -> None:
        """One more epoch of the trial is over."""
        value = getattr(epoch, self._objective)
        description = f"{self._title}epoch {epoch.number}, {self._objective} {value:.4f}{self._left}"
        self._bar.update(self._task, completed=epoch.number, total=epoch.of, description=description)

    def end(self, trials: "Sequence[Trial]", best: "Trial | None") -> None:
        """A trial came to its end, or those of an earlier run are known."""
        if self._title:
            tell(self._console, self._line(trials[-1], trials[-1] == best))
        elif trials:
            self._console.print(f"Resumed earlier search with {counted(len(trials), 'trial')}")
        if trials:
            seconds = sum(trial.seconds for trial in trials) / len(trials) * (self._of - len(trials))
            self._left = f", about {duration(seconds)} left"
        if best:
            self._live.update(Group(_best_table(trials, best, self._objective, self._console.width), self._bar))

    def summary(self, tuned: "Tuned", directory: str) -> None:
        """Print the best trials, what mattered, and where the files are."""
        self._live.stop()
        out = self._console
        out.print(_best_table(tuned.trials, tuned.best, tuned.objective, out.width))
        if tuned.importance:
            shares = ", ".join(f"{escape(name)} {share:.0%}" for name, share in tuned.importance.items())
            say(out, f"What explains the differences between trials: {shares}")
        films, recipe = shell_word(directory, "DIR"), shell_word(tuned.recipe, "RECIPE")
        tell_files(out, tuned.files, [f"xrayscan train {films} --out RUN/ --recipe {recipe}"])
        say(
            out,
            f"{self._clock.told()} [italic]The best of many trials on the same validation films looks better than it "
            "is: judge it with xrayscan evaluate on films it never saw.[/]",
        )

    def _line(self, trial: "Trial", best: bool) -> str:
        style = STATE_STYLE[trial.state]
        value = "" if trial.value is None else f" {self._objective} {trial.value:.4f}"
        reason = f" ({printable(trial.reason)})" if trial.reason else ""
        mark = " [bold green]best[/]" if best else ""
        how = f"[dim]({escape(_words(trial.parameters))}; {trial.seconds:,.0f} s)[/]"
        return f"trial {trial.number:>3} of {self._of}: [{style}]{trial.state}[/]{value}{reason}{mark} {how}"


def _best_table(trials: "Sequence[Trial]", best: "Trial", objective: str, width: int) -> Table:
    """The best complete trials, the best first; ``best`` says which way is better by being the best.

    Parameters have columns of their own where ``width`` characters have room for them.
    """
    complete = [trial for trial in trials if trial.value is not None]
    complete.sort(key=lambda trial: (abs((trial.value or 0.0) - (best.value or 0.0)), trial.number))
    wide = width >= COLUMN * (2 + len(best.parameters))
    names = [name.replace("_", " ") for name in best.parameters] if wide else ["parameters"]
    title = f"Best of {counted(len(trials), 'trial')} so far"
    headings = map(escape, ("trial", objective, *names))
    table = titled_table(title, tuple(headings))
    for trial in complete[:TOP]:
        cells = [_word(v) for v in trial.parameters.values()] if wide else [_words(trial.parameters)]
        table.add_row(str(trial.number), f"{trial.value:.4f}", *map(escape, cells))
    return table


def _words(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_word(value)}" for name, value in parameters.items())


def _word(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else escaped(str(value))

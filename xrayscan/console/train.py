"""What people see of a training run: films read, every epoch as it goes, then what the model reaches, on stderr."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from xrayscan.console.card import show_card
from xrayscan.console.film_console import FilmConsole, tell_failed
from xrayscan.console.terminal import duration, printable, say, shell_word, tell, tell_files
from xrayscan.files.text import counted
from xrayscan.model.backend import Epoch

if TYPE_CHECKING:
    from xrayscan.training import Trained
    from xrayscan.training.plan import SplitFilms

HEADINGS = ("epoch", "loss", "val. loss", "AUROC", "recall", "precision", "films/s", "time")
WIDTHS = (9, 8, 9, 8, 7, 9, 8, 7)  # of the columns under them: 80 characters with the mark of the best


class TrainConsole(FilmConsole):
    """Shows a training run as it goes, and what it came to."""

    def __init__(self, *, quiet: bool = False, since: float | None = None) -> None:
        super().__init__("reading films", quiet=quiet, since=since)
        self._last: Epoch | None = None

    def split(self, films: "SplitFilms", epochs: Sequence[Epoch]) -> None:
        """The films are read and divided; ``epochs`` are those of an earlier part of the run."""
        out = self._console
        tell_warnings(out, films)
        say(
            out,
            f"Training on {counted(len(films.training), 'film')}, validating on {len(films.validation):,} "
            f"({patients_apart(films)}).",
        )
        if epochs:
            out.print(f"Resuming after epoch {epochs[-1].number} of {epochs[-1].of}.")
        self.doing("training")

    def step(self, epoch: int, done: int, of: int) -> None:
        """One more step of an epoch is done."""
        left = f", at most {duration(self._left(done / of))} left" if self._last else ""
        self._bar.update(self._task, completed=done, total=of, description=f"epoch {epoch}: training{left}")

    def validated(self, epoch: int, done: int, of: int) -> None:
        """Some more films are validated on."""
        self._bar.update(self._task, completed=done, total=of, description=f"epoch {epoch}: validating")

    def epoch(self, epoch: Epoch) -> None:
        """One more epoch is over."""
        if self._last is None:
            tell(self._console, f"[bold]{_line(HEADINGS)}[/]")
        self._last = epoch
        cells = (
            f"{epoch.number} of {epoch.of}",
            f"{epoch.train_loss:.4f}",
            f"{epoch.val_loss:.4f}",
            f"{epoch.val_auroc:.4f}",
            f"{epoch.val_recall:.3f}",
            f"{epoch.val_precision:.3f}",
            f"{epoch.images_per_second:,.0f}",
            duration(epoch.seconds),
        )
        tell(self._console, _line(cells) + ("  [bold green]best[/]" if epoch.best else ""))

    def summary(self, trained: "Trained") -> None:
        """Print the card, and where the files are."""
        self._stop()
        self._console.print()
        show_card(self._console, trained.model.card)
        run = shell_word(os.path.dirname(trained.files[0]), "RUN/")
        commands = [f"xrayscan evaluate TEST-FILMS --model {run}", f"xrayscan predict FOLDER --model {run}"]
        tell_files(self._console, trained.files, commands)
        say(self._console, self._clock.told())

    def _left(self, share: float) -> float:
        """Seconds until the last epoch is over, as long as epochs take what the last one took."""
        assert self._last
        return self._last.seconds * max(0.0, self._last.of - self._last.number - share)


def patients_apart(films: "SplitFilms") -> str:
    """That nobody's films are on both sides, and how that is known."""
    return f"no shared patients; patient IDs from {printable(films.folder.patients_by)}"


def tell_warnings(out: Console, films: "SplitFilms") -> None:
    """Print which files could not be read, and what else is odd about the folder."""
    tell_failed(out, films.decoded.failed)
    for warning in films.warnings:
        say(out, f"[yellow]Warning:[/] {printable(warning)}")


def _line(cells: Sequence[str]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))

"""What people see of a training run: films read, every epoch as it goes, then what the model reaches, on stderr."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from xrayscan.console.film_console import FilmConsole, tell_failed
from xrayscan.console.terminal import duration, printable, show_card
from xrayscan.files.text import counted
from xrayscan.model.backend import Epoch

if TYPE_CHECKING:
    from xrayscan.training import Trained
    from xrayscan.training.plan import SplitFilms


class TrainConsole(FilmConsole):
    """Shows a training run as it goes, and what it came to."""

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__("reading films", quiet=quiet)
        self._last: Epoch | None = None

    def split(self, films: "SplitFilms", epochs: Sequence[Epoch]) -> None:
        """The films are read and divided; ``epochs`` are those of an earlier part of the run."""
        out = self._console
        tell_warnings(out, films)
        out.print(
            f"Training on {counted(len(films.training), 'film')}, validating on {len(films.validation):,} (no shared "
            f"patients; patient IDs from {printable(films.folder.patients_by)}).",
            soft_wrap=True,
        )
        if epochs:
            out.print(f"Resuming after epoch {epochs[-1].number} of {epochs[-1].of}.")
        self._bar.reset(self._task, description="beginning to train", total=None)

    def step(self, epoch: int, done: int, of: int) -> None:
        """One more step of an epoch is done."""
        left = f", at most {duration(self._left(done / of))} left" if self._last else ""
        what = "training" if done < of else "validating"
        self._bar.update(self._task, completed=done, total=of, description=f"epoch {epoch}: {what}{left}")

    def epoch(self, epoch: Epoch) -> None:
        """One more epoch is over."""
        self._last = epoch
        best = " [bold green]best[/]" if epoch.best else ""
        self._console.print(
            f"epoch {epoch.number:>3} of {epoch.of}: loss {epoch.train_loss:.4f}; on validation loss "
            f"{epoch.val_loss:.4f}, AUROC {epoch.val_auroc:.4f}, recall {epoch.val_recall:.3f}, precision "
            f"{epoch.val_precision:.3f}{best} [dim]({epoch.images_per_second:,.0f} films/s, "
            f"{duration(epoch.seconds)})[/]",
            soft_wrap=True,
        )

    def summary(self, trained: "Trained") -> None:
        """Print the card, and where the files are."""
        self._stop()
        show_card(self._console, trained.model.card)
        self._console.print("Written: " + printable(", ".join(trained.files)), soft_wrap=True)

    def _left(self, share: float) -> float:
        """Seconds until the last epoch is over, as long as epochs take what the last one took."""
        assert self._last
        return self._last.seconds * max(0.0, self._last.of - self._last.number - share)


def tell_warnings(out: Console, films: "SplitFilms") -> None:
    """Print which files could not be read, and what else is odd about the folder."""
    tell_failed(out, films.decoded.failed)
    for warning in films.warnings:
        out.print(f"[yellow]{printable(warning)}[/]", soft_wrap=True)

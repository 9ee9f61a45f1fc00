"""A training run's folder: what is written when it begins, after every epoch, and when it ends."""

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from xrayscan.errors import OutputError, UsageError
from xrayscan.files.atomic import refuse_foreign
from xrayscan.files.run_folder import make_folder, refuse_finished
from xrayscan.files.text import encodable
from xrayscan.model.backend import Epoch, Snapshot
from xrayscan.model.file import MODEL_FILE
from xrayscan.plugin.callback import TrainingRun
from xrayscan.store.sqlite import held
from xrayscan.training import checkpoint, recipe
from xrayscan.training.page import PAGE_FILE
from xrayscan.training.plan import Plan, SplitFilms, Trained, TrainSettings
from xrayscan.training.results import (
    DIGESTS_FILE,
    HISTORY_FILE,
    METRICS_FILE,
    SPLIT_FILE,
    write_digests,
    write_split,
    write_training_results,
)

LOCK_FILE = "train.lock"  # while a training runs
# What only a run that came to its end leaves, or an evaluation that had the folder for its own.
FINISHED = (MODEL_FILE, METRICS_FILE, PAGE_FILE, HISTORY_FILE, DIGESTS_FILE)


@contextlib.contextmanager
def alone_in(out: str, settings: TrainSettings) -> Iterator[None]:
    """Make the folder and hold it, so that no other training writes into it. Raises: OutputError if one does."""
    if not settings.fit.ranks.first:
        yield
        return
    make_folder(out, share=settings.share)
    lock = os.path.join(out, LOCK_FILE)
    with held(lock, f"another training writes to {encodable(out)}: wait for it to end, or give another --out"):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(lock)


class Run:
    """Holds the epochs so far and writes the files. A run that was cut off has a checkpoint, a finished one none."""

    def __init__(self, out: str, plan: Plan, settings: TrainSettings) -> None:
        self._out, self._plan, self._settings = out, plan, settings
        self._asked: dict[str, Any] = {}
        self.epochs: tuple[Epoch, ...] = ()

    @property
    def first(self) -> bool:
        """Whether this process writes; of several that train together, the others only read what is resumed."""
        return self._settings.fit.ranks.first

    @classmethod
    def open(cls, directory: str, out: str, plan: Plan, settings: TrainSettings) -> "Run":
        """Write the recipe, so that a folder that cannot be written fails before hours of work.

        What a finished run left stays until what replaces it is whole.
        Raises: OutputError, also for a run that was cut off and is not to be resumed, or is finished and neither to be
        overwritten nor fit to be resumed.
        """
        run = cls(out, plan, settings)
        if not run.first:
            return run
        kept = run.path(checkpoint.CHECKPOINT_FILE)
        refuse_foreign(kept)
        if os.path.exists(kept) and settings.overwrite:
            os.unlink(kept)
        if os.path.exists(kept) and not settings.resume:
            done, of = checkpoint.epochs_done(kept)
            raise OutputError(
                f"{out} holds a run that was cut off after {done} of {of} epochs: go on with --resume, start anew with "
                "--overwrite, or choose another --out"
            )
        if os.path.exists(run.path(MODEL_FILE)) and not os.path.exists(kept) and settings.resume:
            raise OutputError(f"{out} holds a finished run, so there is nothing to go on with: choose another --out")
        if not os.path.exists(kept):
            refuse_finished(out, FINISHED, overwrite=settings.overwrite)
            recipe.write_recipe(run.path(recipe.RECIPE_FILE), run._values(), {"folder": os.path.abspath(directory)})
        return run

    def path(self, name: str) -> str:
        """The path of one of the run's files."""
        return os.path.join(self._out, name)

    def start(self, films: SplitFilms) -> Snapshot | None:
        """Write the split, and return what is to be resumed. Raises: UsageError if that was another run."""
        self._asked = {**self._values(), "films": _fingerprint(films)}
        if self.first:
            write_split(self.path(SPLIT_FILE), films)
        kept = self.path(checkpoint.CHECKPOINT_FILE)
        if not (self._settings.resume and os.path.exists(kept)):
            return None
        snapshot, asked = checkpoint.load_checkpoint(kept)
        self._check(asked)
        self.epochs = snapshot.epochs
        return snapshot

    @property
    def identity(self) -> str:
        """Equal for processes that train on the same films, from the same epoch on."""
        return repr((self._asked, self.epochs[-1:]))

    def told(self) -> TrainingRun:
        """What callbacks are told of it."""
        return TrainingRun(self._out, self._values(), self.epochs)

    def save_checkpoint(self, snapshot: Snapshot) -> None:
        """Write the checkpoint of an epoch. Raises: OutputError."""
        checkpoint.save_checkpoint(self.path(checkpoint.CHECKPOINT_FILE), snapshot, self._asked)

    def recorder(self, *told: Callable[[Epoch], None]) -> Callable[[Epoch], None]:
        """Return what takes over an epoch and then tells the others of it, one after the other."""

        def on_epoch(epoch: Epoch) -> None:
            self.epochs += (epoch,)
            for tell in told:
                tell(epoch)

        return on_epoch

    def finalise(self, trained: Trained) -> Trained:
        """Write metrics and report; the checkpoint is no longer needed. Returns the run with its files."""
        files = write_training_results(self._out, trained, self._values())
        history = (HISTORY_FILE,) if self.epochs else ()  # not every backend learns in epochs
        names = (*history, SPLIT_FILE, recipe.RECIPE_FILE)
        written = (trained.model.path, *files, *(self.path(name) for name in names))
        write_digests(self.path(DIGESTS_FILE), written)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(checkpoint.CHECKPOINT_FILE))
        return dataclasses.replace(trained, files=(*written, self.path(DIGESTS_FILE)))

    def _values(self) -> dict[str, Any]:
        """All that was asked for, as recipe and checkpoint keep it."""
        settings = self._settings
        parameters = self._plan.values().items()  # lists, as JSON and TOML give them back
        return {
            "backend": self._plan.backend.name,
            "seed": settings.fit.seed,
            "weights": None if settings.fit.weights is None else self._plan.weights,
            "precision": settings.fit.placement.precision,
            **settings.folder.kept(),
            "operating_points": [target.name for target in settings.targets] or None,
            "fast_dev_run": settings.fast_dev_run or None,
            **{name: list(value) if isinstance(value, tuple) else value for name, value in parameters},
        }

    def _check(self, asked: Mapping[str, Any]) -> None:
        names = [name for name in {**asked, **self._asked} if asked.get(name) != self._asked.get(name)]
        if names:
            now = ", ".join(f"{name}: {asked.get(name)!r}, now {self._asked.get(name)!r}" for name in sorted(names))
            raise UsageError(
                f"{self._out} holds a run with other settings or films ({now}): leave them as they were (--resume "
                f"reads {recipe.RECIPE_FILE}), or choose another --out"
            )


def _fingerprint(films: SplitFilms) -> str:
    """Equal for the same films, in the same order, with the same labels on the same sides."""
    made = hashlib.sha256()
    for side in (films.training, films.validation):
        made.update(repr([(films.decoded.digests[n], int(films.labels[n])) for n in side]).encode())
    return made.hexdigest()[:16]

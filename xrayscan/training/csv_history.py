"""history.csv: one row per epoch, complete after every one of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xrayscan.model.backend import Epoch
from xrayscan.plugin.callback import TrainingRun
from xrayscan.training.results import HISTORY_FILE, write_history


@contextmanager
def listen(run: TrainingRun) -> Iterator[Callable[[Epoch], None]]:
    """Write the file anew with every epoch, and at once where a run goes on: what ended it may have come before."""
    path, epochs = os.path.join(run.folder, HISTORY_FILE), list(run.epochs)
    if epochs:
        write_history(path, epochs)

    def take(epoch: Epoch) -> None:
        epochs.append(epoch)
        write_history(path, epochs)

    yield take

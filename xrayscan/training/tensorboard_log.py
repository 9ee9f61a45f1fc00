"""Epochs as TensorBoard shows them: ``tensorboard --logdir RUN/tensorboard``."""

import contextlib
import dataclasses
import glob
import os
from collections.abc import Callable, Iterator

from xrayscan.errors import UsageError
from xrayscan.files.run_folder import make_subfolder
from xrayscan.model.backend import Epoch
from xrayscan.plugin.callback import TrainingRun

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    raise UsageError("callback tensorboard needs TensorBoard: pip install 'xrayscan[tensorboard]'") from error

FOLDER = "tensorboard"
SIDES = ("train", "val")
NOT_SHOWN = ("number", "of")


@contextlib.contextmanager
def listen(run: TrainingRun) -> Iterator[Callable[[Epoch], None]]:
    """Write one point per epoch and figure. A run that goes on is one curve; a new one replaces what was there."""
    folder = os.path.join(run.folder, FOLDER)
    make_subfolder(folder)
    if not run.epochs:
        for older in glob.glob(os.path.join(glob.escape(folder), "events.out.tfevents.*")):
            os.unlink(older)
    with SummaryWriter(folder, purge_step=len(run.epochs) + 1) as writer:

        def take(epoch: Epoch) -> None:
            for name, value in _figures(epoch):
                writer.add_scalar(name, value, epoch.number)
            writer.flush()

        yield take


def _figures(epoch: Epoch) -> Iterator[tuple[str, float]]:
    """Each figure by a name that puts training and validation side by side, such as ``loss/val``."""
    for field in dataclasses.fields(epoch):
        side, _, figure = field.name.partition("_")
        if field.name not in NOT_SHOWN:
            yield f"{figure}/{side}" if side in SIDES else field.name, float(getattr(epoch, field.name))

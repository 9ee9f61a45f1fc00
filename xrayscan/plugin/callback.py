"""What hears of a training run, before anything of it is imported; and what it hears."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from xrayscan.errors import OutputError, UsageError, XrayscanError
from xrayscan.files.targets import load_target
from xrayscan.model.backend import Epoch


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A training run as it begins, or goes on."""

    folder: str  # of the run, which is there: what is kept of it goes there
    values: Mapping[str, Any]  # every parameter by name, with the backend and the seed
    epochs: tuple[Epoch, ...] = ()  # of an earlier part of it


Listener = Callable[[TrainingRun], AbstractContextManager[Callable[[Epoch], None]]]


@dataclass(frozen=True, slots=True)
class Callback:
    """What hears of every epoch of a training run: its name for ``train --callback``, and where its function is.

    The function is given a `TrainingRun` and returns a context manager: entered as training begins, left as it ends
    however that may be, it gives what is called with every `Epoch`, in the run's own process and between two epochs.
    Whatever it raises ends the training, which keeps its finished epochs.
    """

    name: str
    summary: str  # one line
    target: str  # such as ``my_plugin.log:listen``: a module, imported when it is used, and the function in it

    def load(self) -> Listener:
        """Import the function. Raises: UsageError that says why it is not there."""
        try:
            found: Listener = load_target(self.target)
        except (ImportError, AttributeError) as error:
            raise UsageError(f"callback {self.name}: {self.target} did not load: {error}") from error
        return found


@contextmanager
def listening(listeners: Mapping[str, Listener], run: TrainingRun) -> Iterator[Callable[[Epoch], None]]:
    """Yield what tells every listener of an epoch, in their order; they go by name.

    Raises: OutputError that names the one that raised anything but an `XrayscanError`.
    """
    with ExitStack() as open_ones:
        told = {}
        for name, listener in listeners.items():
            with _named(name):
                one = listener(run)
                told[name] = one.__enter__()
            open_ones.push(functools.partial(_left, name, one))
        yield lambda epoch: _tell(told.items(), epoch)


def _left(name: str, one: AbstractContextManager[Any], *ended: Any) -> bool | None:
    with _named(name):
        return one.__exit__(*ended)


def _tell(told: Iterable[tuple[str, Callable[[Epoch], None]]], epoch: Epoch) -> None:
    for name, tell in told:
        with _named(name):
            tell(epoch)


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except XrayscanError:
        raise
    except Exception as error:
        raise OutputError(f"callback {name} failed: {type(error).__name__}: {error}") from error

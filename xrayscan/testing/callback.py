"""A contract that every callback of training keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import CallbackContract

class TestMine(CallbackContract):
    callback = "mine"
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from xrayscan.model.backend import Epoch
from xrayscan.plugin.callback import Callback, TrainingRun
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light, target_module

VALUES = {"backend": "cnn", "seed": 0, "epochs": 3, "learning_rate": 1e-3, "hidden": [8, 4], "weights": None}


def toy_epoch(number: int) -> Epoch:
    """An epoch of three, whose figures are all alike."""
    values = {field.name: 1 / number for field in fields(Epoch)}
    return Epoch(**{**values, "number": number, "of": 3, "best": number == 1})  # type: ignore[arg-type]


@contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as above:
        folder = os.path.join(above, "run")
        os.mkdir(folder)
        yield folder
        assert os.listdir(above) == ["run"], f"it wrote {sorted(os.listdir(above))}: keep to the run's folder"


def check_registration(callback: Callback) -> None:
    """It has all that a callback has, under a name that may be typed, and a line that says what it does."""
    assert_registrable("callbacks", callback)
    assert callback.summary == " ".join(callback.summary.split()), "its summary is one line of text"


def check_a_run(callback: Callback) -> None:
    """It hears of every epoch of a run, and keeps what it keeps in the run's folder."""
    with _folder() as folder, callback.load()(TrainingRun(folder, VALUES)) as tell:
        for number in (1, 2, 3):
            tell(toy_epoch(number))


def check_going_on(callback: Callback) -> None:
    """It takes a run that goes on, and one without a single epoch."""
    with _folder() as folder:
        with callback.load()(TrainingRun(folder, VALUES)) as tell:
            tell(toy_epoch(1))
        with callback.load()(TrainingRun(folder, VALUES, (toy_epoch(1),))) as tell:
            tell(toy_epoch(2))
    with _folder() as folder, callback.load()(TrainingRun(folder, VALUES)):
        pass


def check_an_end_by_error(callback: Callback) -> None:
    """A training that ends by an error ends by that error."""

    class StoppedError(Exception):
        pass

    try:
        with _folder() as folder, callback.load()(TrainingRun(folder, VALUES)):
            raise StoppedError
    except StoppedError:
        return
    raise AssertionError("it keeps an error of the training to itself")


check_light_registration = light("callbacks", module=target_module)

CLAUSES = clauses_of(__name__)


class CallbackContract(Contract):
    """Subclass this in a test module, name the callback, and pytest runs one test per clause."""

    callback: str  # as registered
    edge, clauses = "callbacks", CLAUSES

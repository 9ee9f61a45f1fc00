"""Every callback that comes with xrayscan keeps the contract of callbacks."""

from contextlib import contextmanager

import pytest

from xrayscan.errors import OutputError, UsageError
from xrayscan.plugin.callback import Callback, TrainingRun, listening
from xrayscan.plugin.manager import load_registry
from xrayscan.testing.callback import CLAUSES, VALUES, toy_epoch


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
@pytest.mark.parametrize("name", ["csv", "tensorboard"])
def test_the_contract_is_kept(name, clause):
    if name == "tensorboard":
        pytest.importorskip("tensorboard", reason="TensorBoard is not installed: pip install 'xrayscan[tensorboard]'")
    clause(load_registry().callback(name))


def test_a_callback_that_fails_is_named(tmp_path):
    @contextmanager
    def listen(run):
        yield lambda epoch: 1 / 0

    with (
        pytest.raises(OutputError, match="callback mine failed: ZeroDivisionError"),
        listening({"mine": listen}, TrainingRun(str(tmp_path), VALUES)) as tell,
    ):
        tell(toy_epoch(1))


def test_a_callback_that_fails_at_its_end_is_named_and_no_other_error_is_laid_at_its_door(tmp_path):
    @contextmanager
    def listen(run):
        yield lambda epoch: None
        raise ZeroDivisionError

    run = TrainingRun(str(tmp_path), VALUES)
    with pytest.raises(OutputError, match="callback mine failed: ZeroDivisionError"), listening({"mine": listen}, run):
        pass
    with pytest.raises(MemoryError), listening({"mine": listen}, run):
        raise MemoryError


@pytest.mark.parametrize("target", ["no_such_module:listen", "xrayscan.errors:listen"])
def test_a_callback_without_its_function_is_refused(target):
    with pytest.raises(UsageError, match=r"callback mine: .* did not load"):
        Callback("mine", "It is mine.", target).load()


def test_an_unknown_callback_is_answered_with_the_nearest_one():
    with pytest.raises(UsageError, match=r"did you mean 'tensorboard'\?"):
        load_registry().callback("tensorbord")

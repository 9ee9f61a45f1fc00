"""A contract that every command keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import CommandContract

class TestExport(CommandContract):
    command = "export"
"""

import contextlib
import io

import click

from xrayscan.files.targets import load_target
from xrayscan.plugin.command import Command
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light, target_module


def check_registration(command: Command) -> None:
    """It has all that a command has, under a name that may be typed."""
    assert_registrable("commands", command)


def check_summary(command: Command) -> None:
    """Its line in ``xrayscan --help`` is one short sentence."""
    summary = command.summary
    assert summary == " ".join(summary.split()), f"summary {summary!r}: one line of text"
    assert len(summary) <= 80, f"summary of {len(summary)} characters: at most 80"
    assert len(summary.split()) > 1, f"summary {summary!r}: say what the command does"
    assert summary.endswith("."), f"summary {summary!r}: end it with a full stop"


def check_target(command: Command) -> None:
    """There is a click command at its target."""
    _target(command)


def check_help(command: Command) -> None:
    """``xrayscan NAME --help`` explains it and every option."""
    text, found = io.StringIO(), _target(command)
    with contextlib.redirect_stdout(text):
        found.main(["--help"], prog_name=f"xrayscan {command.name}", standalone_mode=False)
    assert f"xrayscan {command.name}" in text.getvalue(), "its help does not show how to call it"
    assert found.help, "its function has no docstring, which is its help"
    for option in found.params:
        bare = isinstance(option, click.Option) and not option.help and not option.hidden
        assert not bare, f"option {option.opts[0]} has no help"


def check_wrong_option(command: Command) -> None:
    """An option that does not exist is refused as wrong usage, with exit code 2."""
    try:
        _target(command).main(["--no-such-option"], prog_name="xrayscan", standalone_mode=False)
    except click.UsageError:
        return
    raise AssertionError("it takes an option that does not exist")


def _target(command: Command) -> click.Command:
    found = load_target(command.target)
    assert isinstance(found, click.Command), f"{command.target} is {type(found).__name__}, not a click command"
    return found


check_light_registration = light("commands", module=target_module)

CLAUSES = clauses_of(__name__)


class CommandContract(Contract):
    """Subclass this in a test module, name the command, and pytest runs one test per clause."""

    command: str  # as registered
    edge, clauses = "commands", CLAUSES

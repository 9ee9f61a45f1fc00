"""An option means the same in every command that has it."""

import click
import pytest
from click.testing import CliRunner

from xrayscan.cli import main
from xrayscan.plugin.builtin import COMMANDS


@pytest.fixture(scope="module")
def options():
    """Each option's parameters by the command that has it, by its long flag."""
    context = click.Context(main)
    found = {}
    for name in COMMANDS:
        command = main.get_command(context, name)
        for parameter in command.params if command else ():
            for flag in parameter.opts if isinstance(parameter, click.Option) else ():
                found.setdefault(flag, {})[name] = (parameter, click.Context(command))
    return found


def test_out_says_whether_it_is_a_folder_or_a_file(options):
    named = {name: one.make_metavar(context) for name, (one, context) in options["--out"].items()}
    folders = {name for name, metavar in named.items() if metavar.endswith("/")}
    assert folders == {"predict", "watch", "listen", "merge", "train", "tune", "evaluate"}
    assert all(metavar.startswith("FILE") for name, metavar in named.items() if name not in folders)


@pytest.mark.parametrize(
    ("flag", "commands"),
    [("--threshold", {"predict", "report", "evaluate"}), ("--prevalence", {"predict", "report", "evaluate"})],
)
def test_a_probability_has_the_same_range_in_every_command(options, flag, commands):
    kinds = {name: one.type for name, (one, _) in options[flag].items()}
    assert set(kinds) >= commands
    assert len({(kind.min, kind.max, kind.min_open, kind.max_open) for kind in kinds.values()}) == 1


def test_reporting_where_there_is_no_scan_is_an_input_error(tmp_path):
    result = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert (result.exit_code, "no scan in this folder: run `xrayscan predict` first" in result.stderr) == (3, True)

"""README is the manual: it names every command, option, hook, backend and exit code, and shows what is true."""

import re

import pytest
from click.testing import CliRunner
from small import ROOT

import xrayscan
from xrayscan import hookspecs
from xrayscan.cli import COMMANDS, main
from xrayscan.registry import load_registry
from xrayscan.report.table import COLUMNS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def help_of(command: str) -> str:
    return CliRunner().invoke(main, [command, "--help"], terminal_width=100).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_explains_every_command_and_option(command):
    assert f"`xrayscan {command}" in README or f"xrayscan {command}" in README
    for option in re.findall(r"--[a-z][a-z-]+", help_of(command)):
        assert option in README, f"{option} of xrayscan {command}"


def test_the_manual_names_every_hook_and_backend():
    hooks = [name for name in vars(hookspecs) if name.startswith("register_")]
    assert hooks
    for name in [*hooks, *load_registry().backends]:
        assert name in README


def test_the_manual_lists_the_columns_in_their_order():
    assert ",".join(COLUMNS) in README.replace("\n", "")


def test_the_manual_lists_every_exit_code():
    for code in (0, 2, 3, 4, 5, 6, 130):
        assert re.search(rf"^\| {code}\b", README, re.MULTILINE), code


def test_every_exported_name_exists_and_the_list_is_complete():
    for name in xrayscan.__all__:
        assert getattr(xrayscan, name).__doc__


def test_the_plugin_of_the_manual_works(tmp_path, monkeypatch):
    [source] = re.findall(r"```python\n# my_plugin\.py\n(.*?)```", README, re.DOTALL)
    (tmp_path / "my_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_plugin

    offered = []
    my_plugin.register_backends(offered.append)
    assert [backend.name for backend in offered] == ["tiny"]
    params = offered[0].params()
    network = offered[0].build(params)
    import torch

    spec = offered[0].spec(params)
    assert network(torch.zeros(2, spec.channels, spec.side, spec.side)).shape == (2, 1)


def test_the_changelog_has_unreleased_first():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"

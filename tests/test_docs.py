"""README is the manual: it names every command, option, hook, backend and exit code, and shows what is true."""

import re

import pytest
from click.testing import CliRunner
from plugin_environment import PluginEnvironment
from small import ROOT

import xrayscan
from xrayscan.cli import main
from xrayscan.plugin import spec
from xrayscan.plugin.builtin import COMMANDS
from xrayscan.plugin.manager import load_registry
from xrayscan.report.table import COLUMNS
from xrayscan.testing.backend import CLAUSES, Subject, check_worker
from xrayscan.testing.report import CLAUSES as REPORT_CLAUSES

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHAPTER = README[README.index("## Write a backend") :]


def help_of(command: str) -> str:
    return CliRunner().invoke(main, [command, "--help"], terminal_width=100).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_explains_every_command_and_option(command):
    assert f"`xrayscan {command}" in README or f"xrayscan {command}" in README
    for option in re.findall(r"--[a-z][a-z-]+", help_of(command)):
        assert option in README, f"{option} of xrayscan {command}"


def test_the_manual_names_every_hook_and_backend():
    hooks = [name for name in vars(spec) if name.startswith("register_")]
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


def write_plugin(folder):
    """The package of the manual's chapter, file by file."""
    for name, text in re.findall(r"```(?:python|toml)\n# ([\w.]+)\n(.*?)```", CHAPTER, re.DOTALL):
        (folder / name).write_text(text)
    return sorted(path.name for path in folder.iterdir())


def test_the_plugin_of_the_manual_keeps_the_contract(tmp_path, monkeypatch):
    assert write_plugin(tmp_path) == ["my_plugin.py", "my_report.py", "pyproject.toml", "test_my_plugin.py"]
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_plugin

    offered = []
    my_plugin.register_backends(offered.append)
    assert [backend.name for backend in offered] == ["tiny"]
    subject = Subject.of(offered[0], {"side": 32})
    for clause in CLAUSES:
        if clause is not check_worker:  # that one needs the package installed: see the next test
            clause(subject)


@pytest.mark.slow
def test_the_plugin_of_the_manual_installs_trains_predicts_and_leaves_no_trace(tmp_path, sample_images):
    (tmp_path / "my-plugin").mkdir()
    write_plugin(tmp_path / "my-plugin")
    environment = PluginEnvironment(tmp_path)
    run = environment.run
    environment.install(tmp_path / "my-plugin")
    assert re.search(r"my_plugin +my-plugin 0\.1 +backends +tiny", run("xrayscan", "plugins"))
    labelled = str(sample_images / "labelled")
    run("xrayscan", "train", labelled, "--model", "tiny", "--out", "runs/tiny", "--epochs", "2", "--cache", "cache")
    run("xrayscan", "predict", labelled, "--model", "runs/tiny")
    assert len((tmp_path / "triage" / "triage.csv").read_text().splitlines()) == 121
    run("pytest", "-q", "-p", "no:cacheprovider", "my-plugin")
    environment.remove("my-plugin")
    assert "tiny" not in run("xrayscan", "plugins")


@pytest.mark.slow
def test_the_code_of_the_manual_passes_mypy_strict(tmp_path, mypy_strict):
    write_plugin(tmp_path)
    mypy_strict(*tmp_path.glob("*.py"))


def test_the_report_of_the_manual_keeps_the_contract(tmp_path, monkeypatch):
    write_plugin(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_report

    for clause in REPORT_CLAUSES:
        clause(my_report.Tsv())


def test_the_changelog_has_unreleased_first():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"

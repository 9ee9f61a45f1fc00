"""One plugin per hook, written as a stranger would: typed, installed with pip, used, tested and removed."""

import json
import subprocess
import sys

import pytest
from plugin_environment import PluginEnvironment
from small import ROOT

STRANGERS = sorted((ROOT / "tests" / "plugin" / "strangers").glob("*.py"))
KITS = {
    "columnar": ("ReportContract", "report = 'columnar'"),
    "count_rows": ("CommandContract", "command = 'count-rows'"),
}


@pytest.mark.parametrize("path", STRANGERS, ids=lambda path: path.stem)
def test_a_plugin_is_short(path):
    assert len(path.read_text().splitlines()) <= 30


@pytest.mark.slow
def test_they_pass_mypy_strict(mypy_strict):
    mypy_strict(*STRANGERS)


@pytest.mark.slow
@pytest.mark.parametrize("path", STRANGERS, ids=lambda path: path.stem)
def test_a_plugin_is_installed_listed_tested_and_leaves_no_trace(path, tmp_path):
    environment = PluginEnvironment(tmp_path)
    name = environment.install_module(path)
    assert path.stem in environment.run("xrayscan", "plugins")
    kit, subject = KITS[path.stem]
    tests = tmp_path / "test_it.py"
    tests.write_text(f"from xrayscan.testing import {kit}\n\n\nclass TestIt({kit}):\n    {subject}\n")
    assert "passed" in environment.run("pytest", "-q", "-p", "no:cacheprovider", str(tests))
    environment.remove(name)
    assert path.stem not in environment.run("xrayscan", "plugins")


@pytest.mark.slow
def test_a_report_and_a_command_of_plugins_are_used_as_those_built_in(tmp_path, films, model_file):
    environment = PluginEnvironment(tmp_path)
    for path in STRANGERS:
        environment.install_module(path)
    told = environment.run("xrayscan", "--help", COLUMNS="200")
    assert "count-rows  Count the rows of a worklist. (plugin count_rows)" in told
    assert "csv,jsonl,html,columnar" in environment.run("xrayscan", "predict", "--help")
    environment.run("xrayscan", "predict", str(films), "--model", model_file, "--workers", "0")
    table = json.loads((tmp_path / "triage" / "triage.columns.json").read_text())
    assert table["rank"] == [1, 2, 3, 4, 5, 6, 7]
    assert environment.run("xrayscan", "count-rows", "triage") == "7\n"
    assert "there is no triage.csv" in environment.run("xrayscan", "count-rows", str(films), code=3)
    environment.run("xrayscan", "report", "triage", "--format", "columnar")
    refused = environment.run("xrayscan", "report", "triage", "--format", "docx", code=2)
    assert "choose among csv, jsonl, html, columnar" in refused


def test_the_kits_are_imported_without_pytest():
    code = "import sys; sys.modules['pytest'] = None; import xrayscan.testing"
    subprocess.run([sys.executable, "-c", code], check=True)

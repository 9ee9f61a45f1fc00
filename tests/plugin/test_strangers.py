"""One plugin per hook, written as a stranger would: typed, installed with pip, used, tested and removed."""

import json
import re
import subprocess
import sys

import pytest
from plugin_environment import PluginEnvironment
from small import ROOT

STRANGERS = sorted((ROOT / "tests" / "plugin" / "strangers").glob("*.py"))
KITS = {
    "columnar": ("ReportContract", "report = 'columnar'"),
    "count_rows": ("CommandContract", "command = 'count-rows'"),
    "shelf": (
        "SourceContract",
        "source, address, absent = 'shelf', 'shelf://ward', 'shelf://ward/c'\n    from shelf import FILMS as files",
    ),
    "epochs_json": ("CallbackContract", "callback = 'epochs-json'"),
    "in_turn": ("EngineContract", "engine = 'in-turn'"),
    "tray": (
        "SinkContract",
        "sink, address, unreachable, file = 'tray', 'tray://ward', 'tray://nowhere', b'file'",
    ),
    "line_a_step": ("ObserverContract", "observer = 'line-a-step'"),
    "toy_decoder": ("DecoderContract", "decoder, films = 'TOY', [b'TOY1' + bytes([64, 0, 64, 0]) + bytes(4096)]"),
    "too_dark": ("CheckContract", "check = 'too dark'"),
}


@pytest.mark.parametrize("path", STRANGERS, ids=lambda path: path.stem)
def test_a_plugin_is_short(path):
    assert len(path.read_text().splitlines()) <= 30


@pytest.mark.slow
def test_they_pass_mypy_strict(mypy_strict):
    mypy_strict(*STRANGERS)


@pytest.mark.slow
def test_the_plugins_are_installed_listed_tested_and_leave_no_trace(tmp_path):
    environment = PluginEnvironment(tmp_path)
    names = [environment.install_module(path) for path in STRANGERS]
    listed = environment.run("xrayscan", "plugins")
    assert all(path.stem in listed for path in STRANGERS)
    tests = tmp_path / "test_it.py"
    kits = "".join(f"class Test{kit}({kit}):\n    {subject}\n\n\n" for kit, subject in KITS.values())
    tests.write_text(f"from xrayscan.testing import {', '.join(kit for kit, _ in KITS.values())}\n\n\n{kits}")
    assert "passed" in environment.run("pytest", "-q", "-p", "no:cacheprovider", str(tests))
    environment.remove(*names)
    left = environment.run("xrayscan", "plugins")
    assert not any(path.stem in left for path in STRANGERS)


@pytest.mark.slow
def test_a_report_and_a_command_of_plugins_are_used_as_those_built_in(tmp_path, films, model_file):
    environment = PluginEnvironment(tmp_path)
    for path in STRANGERS:
        environment.install_module(path)
    told = environment.run("xrayscan", "--help", COLUMNS="200")
    assert "count-rows  Count the rows of a worklist. (plugin count_rows)" in told
    assert re.search(r"csv,jsonl,html,.*\bcolumnar\b", environment.run("xrayscan", "predict", "--help"))
    environment.run("xrayscan", "predict", str(films), "--model", model_file, "--workers", "0")
    table = json.loads((tmp_path / "triage" / "triage.columns.json").read_text())
    assert table["rank"] == [1, 2, 3, 4, 5, 6, 7]
    assert environment.run("xrayscan", "count-rows", "triage") == "7\n"
    assert "there is no triage.csv" in environment.run("xrayscan", "count-rows", str(films), code=3)
    environment.run("xrayscan", "report", "triage", "--format", "columnar")
    refused = environment.run("xrayscan", "report", "triage", "--format", "docx", code=2)
    assert re.search(r"choose among csv, jsonl, html, .*\bcolumnar\b", refused)


def test_the_kits_are_imported_without_pytest():
    code = "import sys; sys.modules['pytest'] = None; import xrayscan.testing"
    subprocess.run([sys.executable, "-c", code], check=True)

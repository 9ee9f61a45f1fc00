"""`xrayscan plugins new`: each kind of plugin, written, installed, tested and checked as its author would."""

import ast
import tomllib

import pytest
from command_line import xrayscan
from plugin_environment import PluginEnvironment

from xrayscan.plugin.registry import EDGES
from xrayscan.scaffold.scaffold import KINDS


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_there_is_a_plugin_of_every_kind_to_start_from():
    assert set(KINDS) == {edge.singular for edge in EDGES}


@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_is_written_under_its_own_name_and_no_other(tmp_path, kind):
    result = xrayscan("plugins", "new", "bone-age-2", "--kind", kind)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "bone-age-2"
    assert sorted(path.name for path in folder.iterdir()) == ["bone_age_2.py", "pyproject.toml", "test_bone_age_2.py"]
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    assert not any(word in text for text in texts.values() for word in ("my_plugin", "my-plugin", "MyPlugin"))
    for name in ("bone_age_2.py", "test_bone_age_2.py"):
        ast.parse(texts[name])
    project = tomllib.loads(texts["pyproject.toml"])
    assert project["project"]["entry-points"]["xrayscan"] == {"bone_age_2": "bone_age_2"}
    assert f"register_{kind}s" in texts["bone_age_2.py"]


@pytest.mark.parametrize(
    "name", ["Report", "1st", "a--b", "a-", "../x", "a b", "", "class", "json", "numpy", "x" * 41, "ä", "-x"]
)
def test_a_name_that_no_module_can_have_is_refused(tmp_path, name):
    result = xrayscan("plugins", "new", "--kind", "report", "--", name)
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["source", "sink"])
def test_a_name_that_no_address_can_begin_with_is_refused(tmp_path, kind):
    result = xrayscan("plugins", "new", "bone_age", "--kind", kind)
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


TAKEN = [("report", "html"), ("command", "predict"), ("backend", "knn"), ("engine", "local"), ("report", "lite0")]


@pytest.mark.parametrize(("kind", "name"), TAKEN)
def test_a_name_that_is_taken_is_refused(tmp_path, kind, name):
    result = xrayscan("plugins", "new", name, "--kind", kind)
    assert result.exit_code == 2
    assert "choose another name" in result.stderr
    assert "there is a engine" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    result = xrayscan("plugins", "new", "mine", "--kind", "check")
    assert result.exit_code == 5
    assert list((tmp_path / "mine").iterdir()) == []
    assert xrayscan("plugins", "new", "mine", "--kind", "check", "--out", "other").exit_code == 0


@pytest.mark.slow
def test_every_kind_installs_keeps_its_contract_and_passes_mypy_strict(tmp_path, mypy_strict):
    environment = PluginEnvironment(tmp_path)
    for kind in KINDS:
        assert xrayscan("plugins", "new", f"new-{kind}", "--kind", kind).exit_code == 0
    folders = [f"./new-{kind}" for kind in KINDS]
    environment.run("pip", "install", "--no-deps", "--no-build-isolation", "--no-index", *folders)
    listed = environment.run("xrayscan", "plugins", COLUMNS="200")
    assert all(f"new-{kind}" in listed for kind in KINDS)
    told = environment.run("pytest", "-q", "-p", "no:cacheprovider", *folders)
    assert "passed" in told
    mypy_strict(*tmp_path.glob("new-*/*.py"))

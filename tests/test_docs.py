"""README and docs/ are the manual: they name every command, option, hook and backend, and show what is true."""

import importlib.util
import re
import shlex
import tomllib

import click
import pytest
from plugin_environment import PluginEnvironment
from small import ROOT

import xrayscan
from xrayscan.cli import main
from xrayscan.plugin import spec
from xrayscan.plugin.builtin import COMMANDS
from xrayscan.plugin.manager import load_registry
from xrayscan.testing.backend import CLAUSES, Subject, check_worker
from xrayscan.testing.check import CLAUSES as CHECK_CLAUSES
from xrayscan.testing.decoder import CLAUSES as DECODER_CLAUSES
from xrayscan.testing.decoder import DecoderSubject
from xrayscan.testing.engine import EngineSubject, check_every_row
from xrayscan.testing.observer import CLAUSES as OBSERVER_CLAUSES
from xrayscan.testing.report import CLAUSES as REPORT_CLAUSES

README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))}
EXTENDING = MANUAL[ROOT / "docs" / "howto" / "extend.md"]
PAGES = {ROOT / "README.md": README, ROOT / "CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text("utf-8"), **MANUAL}
SLURM = {"--array", "--cpus-per-task", "--dependency", "--mem", "--parsable", "--requeue", "--time", "--wrap"}
OTHERS = {"--check", "--config-file", "--copies", "--logdir", "--recipes", "--series", "--strict"}  # of other tools
NOT_OURS = OTHERS | SLURM


def reference():
    """docs/make_reference.py, which is no module of the package."""
    loader = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    return module


def anchors(page):
    """What a link into a page may name: its headings, as a website spells them."""
    headings = re.findall(r"^#+ (.+)$", PAGES[page], re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_first_page_is_short():
    assert len(README.splitlines()) <= 150


def test_the_reference_says_what_the_code_says():
    folder = ROOT / "docs" / "reference"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == reference().pages(), "run python docs/make_reference.py"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_explains_every_command(command):
    by_hand = [text for path, text in MANUAL.items() if path.parent.name != "reference"]
    assert any(f"xrayscan {command}" in text for text in by_hand)


def test_the_manual_names_no_option_that_is_not_there():
    known = set(re.findall(r"--[a-z][a-z-]+", reference().commands())) | {"--help", "--version"} | NOT_OURS
    for path, text in PAGES.items():
        shell = re.sub(r"^(pip|ruff|python|pytest|torchrun|srun) .*$|`python [^`]*`", "", text, flags=re.MULTILINE)
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shell)) <= known, path


def test_every_command_that_is_shown_can_be_given():
    shown = [
        (path, line)
        for path, text in PAGES.items()
        for block in re.split(r"^ *```.*$", text.replace("\\\n", " "), flags=re.MULTILINE)[1::2]
        for line in re.findall(r"^ *(?:.*\| )?(xrayscan [a-z][^\n>…]*)$", block, re.MULTILINE)
        if "[OPTIONS]" not in line
    ]
    assert shown
    for path, line in shown:
        command, words = main, shlex.split(line.partition(" | ")[0], comments=True)[1:]
        while isinstance(command, click.Group) and words:
            command = command.get_command(click.Context(command), words.pop(0))
        given, extra, _ = command.make_parser(click.Context(command)).parse_args(words)
        lacking = [one.name for one in command.params if one.required and not given.get(one.name)]
        assert (extra, lacking) == ([], []), f"{path}: {line}"


def test_the_manual_names_every_hook_and_backend():
    hooks = [name for name in vars(spec) if name.startswith("register_")]
    assert hooks
    assert all(f"`{name}" in EXTENDING for name in hooks)
    backends = MANUAL[ROOT / "docs" / "howto" / "backends.md"]
    assert all(f"`{name}`" in backends for name in load_registry().backends)


def test_every_link_and_picture_leads_somewhere():
    for path, text in PAGES.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not target.startswith("http"):
                name, _, anchor = target.partition("#")
                to = (path.parent / name).resolve() if name else path
                assert to.is_file(), f"{path}: {target}"
                assert not anchor or anchor in anchors(to), f"{path}: {target}"


def test_every_page_stands_in_the_table_of_contents():
    contents = tomllib.loads((ROOT / "docs" / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    listed = re.findall(r"[\w/-]+\.md", str(contents))
    assert sorted(listed) == sorted(str(path.relative_to(ROOT / "docs").as_posix()) for path in MANUAL)


def test_the_drawing_of_the_house_is_the_contract_of_its_imports():
    rows = re.findall(r"│ ([a-z · ]+?) *│$", MANUAL[ROOT / "docs" / "architecture.md"], re.MULTILINE)
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = [layer.replace("xrayscan.", "").replace("|", "·") for layer in contract["contracts"][0]["layers"]]
    assert rows == layers
    rooms = re.findall(r"^\| (`[`a-z, ]+`) \|", MANUAL[ROOT / "docs" / "architecture.md"], re.MULTILINE)
    told = re.findall(r"`(\w+)`", " ".join(rooms))
    assert sorted(told) == sorted(" · ".join(layers).split(" · "))


def test_every_exported_name_exists_and_the_list_is_complete():
    for name in xrayscan.__all__:
        assert getattr(xrayscan, name).__doc__


def write_plugin(folder):
    """The package of the manual's chapter, file by file."""
    for name, text in re.findall(r"```(?:python|toml)\n# ([\w.]+)\n(.*?)```", EXTENDING, re.DOTALL):
        (folder / name).write_text(text)
    return sorted(path.name for path in folder.iterdir())


def test_the_plugin_of_the_manual_keeps_the_contract(tmp_path, monkeypatch):
    assert write_plugin(tmp_path) == [
        "my_check.py",
        "my_decoder.py",
        "my_engine.py",
        "my_observer.py",
        "my_plugin.py",
        "my_report.py",
        "pyproject.toml",
        "test_my_plugin.py",
    ]
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_plugin

    offered = []
    my_plugin.register_backends(offered.append)
    assert [backend.name for backend in offered] == ["tiny"]
    subject = Subject.from_backend(offered[0], {"side": 32})
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
    run("xrayscan", "train", labelled, "--backend", "tiny", "--out", "runs/tiny", "--epochs", "2", "--cache", "cache")
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


def test_the_decoder_of_the_manual_keeps_the_contract(tmp_path, monkeypatch):
    write_plugin(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_decoder

    for clause in DECODER_CLAUSES:
        clause(DecoderSubject(my_decoder.Raw64(), (b"RAW64" + bytes(range(64)) * 64,)))


def test_the_engine_of_the_manual_keeps_the_contract(tmp_path, monkeypatch):
    write_plugin(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_engine

    my_engine.register_engines(lambda engine: check_every_row(EngineSubject.from_engine(engine)))


def test_the_observer_of_the_manual_keeps_the_contract(tmp_path, monkeypatch):
    write_plugin(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_observer

    for clause in OBSERVER_CLAUSES:
        my_observer.register_observers(clause)


def test_the_check_of_the_manual_keeps_the_contract(tmp_path, monkeypatch):
    write_plugin(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_check

    offered = []
    my_check.register_checks(offered.append)
    for check in offered:
        for clause in CHECK_CLAUSES:
            clause(check)


def test_the_changelog_has_unreleased_first_and_then_this_version():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert headings[0] == "Unreleased"
    assert headings[1].split(" - ")[0] == project["version"]

"""Nothing in the working folder, in what is scanned or in the output is ever imported, whatever the command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small import write_film

MODULES = (
    *(
        "struct",
        "json",
        "csv",
        "numpy",
        "PIL",
        "simplejpeg",
        "pydicom",
        "gdcm",
        "torch",
        "sklearn",
        "matplotlib",
        "click",
    ),
    *("rich", "pluggy", "optuna", "sqlite3", "multiprocessing", "socket", "pickle", "ctypes", "uuid", "typing", "dl"),
    *("xrayscan_plugins", "planted_plugin"),
)
CUSTOMISATION = ("sitecustomize", "usercustomize")  # Python itself imports them before any line of a program
TINY = ("--set", "side=32", "--set", "width=4", "--workers", "1", "--device", "cpu")
COMMANDS = {
    "predict": ("predict", "films", "--out", "out", "--workers", "2", "--device", "cpu"),
    "predict without readers": ("predict", ".", "--out", "out", "--workers", "0", "--device", "cpu"),
    "report": ("report", "scanned", "--device", "cpu"),
    "show": ("show", "films/a.jpeg", "--device", "cpu"),
    "explore": ("explore", "labelled", "--workers", "2"),
    "train": ("train", "labelled", "--out", "out", "--cache", "cache", "--fast-dev-run", *TINY),
    "tune": ("tune", "labelled", "--out", "search", "--cache", "cache", "--trials", "1", "--epochs", "1", *TINY),
    "evaluate": ("evaluate", "labelled", "--out", "out", "--workers", "2", "--device", "cpu"),
    "calibrate": ("calibrate", "labelled", "--out", "out/site.safetensors", "--device", "cpu"),
    "export": ("export", "default", "--out", "out/default.onnx"),
    "benchmark": ("benchmark", "films", "--seconds", "0.1", "--workers", "2", "--device", "cpu", "--runtime", "torch"),
    "models": ("models",),
    "plugins": ("plugins",),
    "doctor": ("doctor",),
    "settings": ("settings", "predict"),
}
STARTERS = ("predict", "train")  # start processes of either kind: tried in every way that a command can be called
INSTALLED = os.path.join(os.path.dirname(sys.executable), "xrayscan")


def plant(folder: Path, marks: Path, names: tuple[str, ...]) -> None:
    """Put modules into a folder, as files or packages, that leave a mark and fail when they are imported."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        code = f"open({os.fspath(marks / name)!r}, 'w').close()\nraise SystemExit('executed {name}')\n"
        (folder / f"{name}.py").write_text(code)


def plant_folders(folder: Path) -> None:
    """Add a plugin to be discovered, settings of matplotlib and a folder that merely has the name of a module."""
    (folder / "dl").mkdir()
    plugin = folder / "planted-1.0.egg-info"
    plugin.mkdir()
    (plugin / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    (plugin / "entry_points.txt").write_text("[xrayscan]\nplanted = planted_plugin\n")
    (folder / "matplotlibrc").write_text("backend: module://planted_plugin\ntext.usetex: True\n")


@pytest.fixture
def share(tmp_path, sample_images, request):
    """A share full of traps, and the folder in which they leave their marks."""
    place, marks = tmp_path / "share", tmp_path / "marks"
    marks.mkdir()
    write_film(place / "films" / "a.jpeg", 1, side=200)
    write_film(place / "films" / "b.png", 2)
    shutil.copytree(sample_images / "labelled", place / "labelled")
    for folder in (place, place / "films", place / "labelled", place / "labelled" / "NORMAL", place / "out"):
        plant(folder, marks, MODULES + CUSTOMISATION)
    for folder in (place, place / "films", place / "out"):
        plant_folders(folder)
    return place, marks


def run(share, words, *, command=(sys.executable, "-m", "xrayscan"), **environment):
    place, marks = share
    environment = {**os.environ, "XRAYSCAN_PLUGINS": "cnn,planted", **environment}
    done = subprocess.run([*command, *words], cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert os.listdir(marks) == [], done.stderr
    return done


def scanned(share):
    """A scan of the films, made from elsewhere."""
    place, _ = share
    words = ("predict", place / "films", "--out", place / "scanned", "--workers", "0", "--device", "cpu")
    subprocess.run([sys.executable, "-m", "xrayscan", *words], cwd="/", check=False, capture_output=True)


def works(done, *codes):
    assert done.returncode in (0, 6, *codes), done.stderr
    assert "Traceback" not in done.stderr


def test_a_scan_of_the_working_folder_imports_nothing_from_it(share):
    works(run(share, COMMANDS["predict"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "how"),
    [
        *((name, "installed") for name in COMMANDS),
        *((name, how) for name in STARTERS for how in ("module", "open path")),
    ],
)
def test_no_command_imports_anything_from_where_it_works(share, name, how):
    if name == "tune":
        pytest.importorskip("optuna")
    if name == "export":
        pytest.importorskip("onnxruntime")
    if name == "report":
        scanned(share)
    command, environment = (sys.executable, "-m", "xrayscan"), {}
    if how != "module":
        if not os.path.exists(INSTALLED):
            pytest.skip("the command is not installed")
        command = (INSTALLED,)
    if how == "open path":  # as in PYTHONPATH=$PYTHONPATH:/opt/lib: an empty entry, which means "here"
        environment = {"PYTHONPATH": os.pathsep}
        for trap in CUSTOMISATION:
            os.unlink(share[0] / f"{trap}.py")
    codes = (4,) if name == "doctor" else ()  # it says that the plugin named in the environment is not there
    works(run(share, COMMANDS[name], command=command, **environment), *codes)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_place_of_a_settings_file_of_matplotlib_hangs_nothing(share):
    place, _ = share
    os.unlink(place / "matplotlibrc")
    os.mkfifo(place / "matplotlibrc")
    code = "from xrayscan.report import plots; from xrayscan.network import attribution"
    subprocess.run([sys.executable, "-P", "-c", code], cwd=place, check=True, timeout=120)


def test_a_folder_that_pythonpath_names_is_still_imported_from(share):
    place, marks = share
    (marks.parent / "lib").mkdir()
    (marks.parent / "lib" / "named.py").write_text("")
    code = (
        "from xrayscan.files.import_path import leave_working_folder; leave_working_folder(); import named, sys, os; "
        "sys.exit(os.getcwd() in sys.path or '' in sys.path)"
    )
    path = os.pathsep.join([str(marks.parent / "lib"), "", ""])
    environment = {**os.environ, "PYTHONPATH": path}
    for trap in CUSTOMISATION:
        os.unlink(place / f"{trap}.py")
    subprocess.run([sys.executable, "-P", "-c", code], cwd=place, env=environment, check=True)

"""A disk that is full ends a command with exit code 5 and one line, and what was finished before stays as it was."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from small import write_film

from xrayscan.cli import main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits are those of POSIX")
TINY = ("--set", "side=32", "--set", "width=4", "--set", "blocks=1", "--epochs", "1")
SHARES = (0, 0.5, 0.9)  # of the largest file that a command writes


def commands(folder, model_file):
    labelled, films = folder / "labelled", folder / "films"
    scan = ("predict", films, "--model", model_file, "--out", folder / "scan", "--workers", "0", "--device", "cpu")
    here = ("--workers", "0", "--device", "cpu", "--overwrite")
    return {
        "scan": (scan, (*scan, "--fresh")),
        "report": (scan, ("report", folder / "scan", "--device", "cpu")),
        "train": 2
        * (
            ("train", labelled, "--backend", "cnn", "--out", folder / "run", *TINY, "--cache", folder / "cache", *here),
        ),
        "evaluate": 2 * (("evaluate", labelled, "--model", model_file, "--out", folder / "figures", *here),),
    }


def run(words, most=None):
    """Run a command; no file may grow beyond so many bytes, which fails as a write to a full disk does."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        return CliRunner().invoke(main, [*map(os.fspath, words)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def contents(folder):
    """What is finished in a folder: the store and what is half written aside."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if not path.name.startswith("scan.sqlite")}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scan", "report", "train", "evaluate"])
def test_a_full_disk_is_one_line_and_costs_nothing_that_was_finished(tmp_path, model_file, name):
    for seed in range(60):
        write_film(tmp_path / "films" / f"{seed % 12}.png", seed % 12)
        write_film(tmp_path / "labelled" / ("NORMAL", "PNEUMONIA")[seed % 2] / f"p{seed}.png", seed + 100)
    first, again = commands(tmp_path, model_file)[name]
    before = run(first)
    assert before.exit_code == 0, before.output
    out = first[first.index("--out") + 1]
    earlier, copy = contents(out), tmp_path / "copy"
    shutil.copytree(out, copy)
    largest = max(map(len, earlier.values()))
    for share in SHARES:
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        ended = run(again, int(largest * share))
        assert ended.exit_code == 5, (share, ended.output, ended.exception)
        assert not [path for path in contents(out) if path not in earlier]
        assert all(contents(out)[path] for path in earlier)
        shutil.rmtree(out)
        shutil.copytree(copy, out)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_standard_output_that_is_full_is_exit_code_5_and_no_traceback():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xrayscan", "plugins"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 5
    assert "standard output cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes the streams")
def test_closed_streams_end_no_command():
    code = "import os; from xrayscan.__main__ import main; os.sys.argv[1:] = ['status', '--help']; main()"
    shell = f'"{sys.executable}" -c "{code}" <&- >&- 2>&-; echo $?'
    assert subprocess.run(["sh", "-c", shell], capture_output=True, text=True).stdout == "0\n"


def test_letters_that_a_terminal_lacks_are_escaped(model_file):
    words = [sys.executable, "-m", "xrayscan", "models", "show", os.fspath(model_file)]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "32 \\xd7 32 px" in done.stdout


def test_a_working_folder_that_is_gone_is_said_and_no_crash(tmp_path):
    (tmp_path / "gone").mkdir()
    code = (
        "import os, sys; os.rmdir(os.getcwd()); from xrayscan.__main__ import main; sys.argv[1:] = ['plugins']; main()"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path / "gone", capture_output=True, text=True)
    assert done.returncode == 2
    assert "the working folder is gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_of_temporary_files_that_is_not_there_stops_no_scan(films, model_file, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setenv("TMPDIR", "/nowhere")
    monkeypatch.setattr(tempfile, "tempdir", None)
    words = ("predict", films, "--model", model_file, "--out", tmp_path / "out", "--workers", "0", "--device", "cpu")
    assert run(words).exit_code == 0

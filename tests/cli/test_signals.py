"""How commands end that are told to: in order, within seconds, with what was done, and leaving no process behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from small import write_film

from xrayscan.cli import main
from xrayscan.cli.forgiving import Forgiving

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
ENDS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
MANY = 1500
SECONDS = 5  # that a command has to end


def start(*words, **options):
    command = (sys.executable, "-m", "xrayscan", *map(os.fspath, words))
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen(command, start_new_session=True, **options)


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def processes(group):
    """The processes of a session, as /proc tells."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(pid)) == group and " Z " not in Path(f"/proc/{pid}/stat").read_text():
                found.append(int(pid))
        except OSError:
            continue
    return found


def nothing_is_left(process):
    if os.path.isdir("/proc/self"):
        until(lambda: not processes(process.pid), SECONDS)


@pytest.fixture
def many(tmp_path):
    """A folder of films that takes a while."""
    one = write_film(tmp_path / "one.jpeg", 1, side=500)
    (tmp_path / "films").mkdir()
    for n in range(MANY):
        shutil.copy(one, tmp_path / "films" / f"{n}.jpeg")
    return tmp_path / "films"


def scan_of(many, out, *words):
    return "predict", many, "--out", out, "--workers", "2", "--device", "cpu", *words


def has_recorded(out):
    return lambda: (out / "scan.sqlite").exists() and _records(out) > 0


def _records(out):
    import sqlite3

    try:
        with sqlite3.connect(f"file:{out}/scan.sqlite?mode=ro", uri=True, timeout=0.1) as store:
            return store.execute("SELECT count(*) FROM records").fetchone()[0]
    except sqlite3.Error:  # the writer holds its lock
        return os.path.getsize(out / "scan.sqlite") > 100_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("group", [False, True])
def test_a_scan_ends_in_order_and_the_same_command_goes_on(many, tmp_path, name, group):
    out = tmp_path / "out"
    process = start(*scan_of(many, out))
    until(has_recorded(out))
    (os.killpg if group else os.kill)(process.pid, signal.Signals[name])
    _, said = process.communicate(timeout=SECONDS * 4)  # the machine may be busy
    assert process.returncode == ENDS[name], said
    assert "Traceback" not in said
    assert f"stopped by {name}: the worklist is partial" in said
    nothing_is_left(process)
    story = json.loads((out / "run.json").read_text())
    assert (story["complete"], story["exit_code"]) == (False, ENDS[name])
    done = story["counts"]["scored"]
    assert 0 < done < MANY
    assert len((out / "triage.csv").read_text().splitlines()) == done + 1
    assert "Partial worklist" in (out / "triage.html").read_text()
    again = start(*scan_of(many, out, "--no-images", "--heatmaps", "none"))
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    story = json.loads((out / "run.json").read_text())
    assert story["complete"]
    assert story["counts"]["kept"] == done
    assert "Partial worklist" not in (out / "triage.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.1, 0.3, 0.6, 1, 1.5, 2, 3])
@pytest.mark.parametrize("name", ENDS)
def test_a_command_that_is_ended_while_it_starts_says_no_more_than_a_line(many, tmp_path, name, moment):
    process = start(*scan_of(many, tmp_path / "out"))
    time.sleep(moment)
    process.send_signal(signal.Signals[name])
    _, said = process.communicate(timeout=SECONDS * 4)
    assert process.returncode in (ENDS[name], -signal.Signals[name]), said  # before any line of ours: by the signal
    if process.returncode > 0:  # until then Python itself answers an interruption
        assert "Traceback" not in said
    nothing_is_left(process)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("module", ["click", "xrayscan.decode.builtin", "xrayscan.runtime.offline"])
def test_an_end_while_anything_is_imported_shows_no_traceback(module):
    """The window is a few tenths of a second, on a slow disk several seconds."""
    program = f"""
import os, signal, sys
class Ends:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Ends())
from xrayscan.__main__ import main
sys.argv = ["xrayscan", "--version"]
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")
    assert done.returncode in (-signal.SIGINT, 128 + signal.SIGINT)


@pytest.mark.slow
def test_a_second_signal_ends_a_scan_at_once(many, tmp_path):
    process = start(*scan_of(many, tmp_path / "out"))
    until(has_recorded(tmp_path / "out"))
    process.send_signal(signal.SIGTERM)
    time.sleep(0.15)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 143
    nothing_is_left(process)


@pytest.mark.slow
def test_a_scan_under_nohup_does_not_end_with_its_terminal(many, tmp_path):
    ignored = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    process = start(*scan_of(many, tmp_path / "out"), **ignored)
    until(has_recorded(tmp_path / "out"))
    process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS * 4)
    assert process.returncode == 143


@pytest.mark.slow
def test_a_terminal_that_is_closed_ends_a_scan_in_order(many, tmp_path):
    import pty

    ours, theirs = pty.openpty()
    process = start(*scan_of(many, tmp_path / "out"), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    until(has_recorded(tmp_path / "out"))
    os.close(ours)  # what it writes from now on is an error
    process.send_signal(signal.SIGHUP)
    assert process.wait(SECONDS * 4) == 129
    assert json.loads((tmp_path / "out" / "run.json").read_text())["complete"] is False


@pytest.mark.slow
@pytest.mark.parametrize(("devices", "name", "group"), [(1, "SIGTERM", False), (2, "SIGINT", True)])
def test_training_that_is_ended_keeps_its_checkpoint_and_says_how_to_go_on(
    sample_images, tmp_path, devices, name, group
):
    words = ("train", sample_images / "labelled", "--out", tmp_path / "run", "--cache", tmp_path / "cache")
    tiny = ("--set", "side=32", "--set", "width=4", "--epochs", "5000", "--patience", "5000", "--device", "cpu")
    process = start(*words, *tiny, "--devices", str(devices))
    until((tmp_path / "run" / "checkpoint.safetensors").exists)
    (os.killpg if group else os.kill)(process.pid, signal.Signals[name])
    _, said = process.communicate(timeout=SECONDS * 4)
    assert process.returncode == ENDS[name]
    assert f"stopped by {name}: finished epochs are kept; add --resume to go on from there" in said
    assert "Traceback" not in said
    assert said.count("Training on ") == 1, "one process tells people"
    nothing_is_left(process)


def test_standard_error_that_nobody_reads_ends_nothing():
    class Gone:
        encoding = "utf-8"

        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            raise OSError(5, "Input/output error")

    stream = Forgiving(Gone())
    assert stream.write("gone") == 4
    stream.flush()
    assert stream.encoding == "utf-8"


def test_commands_that_keep_nothing_promise_nothing(films, monkeypatch):
    def interrupt(*words, **options):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("xrayscan.plugin.loading.load_models", interrupt)
    before = signal.getsignal(signal.SIGTERM)
    result = CliRunner().invoke(main, ["show", str(films / "a.jpeg")])
    assert result.exit_code == 143
    assert result.stderr.strip() == "xrayscan: stopped by SIGTERM"
    assert signal.getsignal(signal.SIGTERM) is before

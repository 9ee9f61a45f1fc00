"""What other shells and monitoring see of a scan, while it runs and afterwards."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time

import pytest
from command_line import xrayscan
from small import make_model, write_film

from xrayscan import ObservedRun, Observer, Progress, ScanSettings, load_registry, scan
from xrayscan.observing.watching import Watching
from xrayscan.testing.observer import CLAUSES

SAMPLE = re.compile(r'^xrayscan_[a-z_]+\{run="(?:[^"\\]|\\.)*",engine="local"(?:,status="[a-z ]+")?\} -?[0-9.]+$')


@pytest.mark.parametrize("observer", load_registry().observers.values(), ids=lambda observer: observer.name)
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_built_in_observer_keeps(clause, observer):
    clause(observer)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for seed in range(6):
        write_film(folder / f"{seed}.png", seed)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model") / "small.safetensors")


def asked_from_another_process(folder):
    command = [sys.executable, "-m", "xrayscan", "status", os.fspath(folder), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_a_scan_that_runs_is_seen_from_another_shell_and_is_not_disturbed(films, model, tmp_path, monkeypatch):
    monkeypatch.setattr("xrayscan.observing.watching.EVERY", 0.0)
    seen = []
    observer = load_registry().observer("status")
    with Watching([(observer, ObservedRun(str(tmp_path), "local", time.time() - 5))], pytest.fail) as watching:

        def look(progress):
            watching.update(progress)
            if progress.done and not seen:
                seen.append(asked_from_another_process(tmp_path))
                seen.append(xrayscan("status", tmp_path).stdout)

        settings = ScanSettings(workers=0, batch_size=2, device="cpu", precision="fp32", runtime="torch")
        with scan(films, model=model, out=tmp_path, settings=settings, on_progress=look) as worklist:
            assert worklist.counts.found == 7
    told, words = seen
    assert (told["state"], told["process"], told["engine"]) == ("running", os.getpid(), "local")
    assert 0 < told["progress"]["scored"] + told["progress"]["failed"] < 7
    assert words.startswith("running for 0:0")
    assert "of 7 files done" in words
    assert not (tmp_path / "status.json").exists()


def test_afterwards_the_store_tells(films, model, tmp_path):
    scan_it = ("predict", films, "--model", model, "--out", tmp_path, "--workers", "0", "--quiet", "--no-images")
    assert xrayscan(*scan_it).exit_code == 6
    assert xrayscan("status", tmp_path).stdout == (
        "complete: 7 files found: 6 scored, 0 set aside, 1 failed, 0 skipped\n"
    )
    with sqlite3.connect(tmp_path / "scan.sqlite") as store:
        store.execute("UPDATE meta SET value = 'false' WHERE key = 'complete'")
    assert "run the same `xrayscan predict` to resume" in xrayscan("status", tmp_path).stdout
    assert xrayscan("status", films).exit_code == 3


def test_prometheus_text_has_every_count_and_says_when_the_scan_is_over(films, model, tmp_path):
    folder = tmp_path / 'ward "3"\\'
    words = ("--model", model, "--out", folder, "--workers", "0", "--quiet", "--format", "csv")
    xrayscan("predict", films, *words, "--observe", "prometheus", "--observe", f"prometheus={tmp_path / 'told'}")
    text = (folder / "metrics.prom").read_text()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.match(line) for line in samples), samples
    values = {
        re.sub(r'run="(?:[^"\\]|\\.)*",engine="local"', "", line.rpartition(" ")[0]): line.rpartition(" ")[2]
        for line in samples
    }
    assert (values['xrayscan_files{,status="scored"}'], values['xrayscan_files{,status="failed"}']) == ("6", "1")
    assert (values["xrayscan_files_found{}"], values["xrayscan_running{}"], values["xrayscan_walk_complete{}"]) == (
        *("7", "0", "1"),
    )
    assert len({line.split("{")[0] for line in samples}) == text.count("# TYPE ")


def test_an_observer_that_fails_is_left_out_and_the_scan_goes_on(films, model, tmp_path):
    words = ("--model", model, "--out", tmp_path / "out", "--workers", "0", "--quiet", "--format", "csv")
    done = xrayscan("predict", films, *words, "--observe", f"prometheus={tmp_path / 'no' / 'folder'}")
    assert done.exit_code == 6
    assert done.stderr.count("failed and is left out") == 1


def test_an_observer_that_ends_the_program_ends_itself_alone():
    told = []
    run = ObservedRun(folder="out", engine="local", started=0.0)
    with Watching([(Observer("evil", "Calls sys.exit.", sys.exit), run)], told.append):
        pass
    assert told == ["observer evil failed and is left out: SystemExit: " + str(run)]


def test_an_unknown_observer_is_refused_before_anything_is_made(films, tmp_path):
    done = xrayscan("predict", films, "--out", tmp_path / "out", "--observe", "prometeus")
    assert (done.exit_code, "did you mean 'prometheus'" in done.stderr) == (2, True)
    assert not (tmp_path / "out").exists()


def test_observers_are_asked_every_other_second_and_at_the_end():
    class Counts:
        name = "counts"

        def watch(self, run):
            self.told, self.closed = [], False
            return self

        def update(self, progress):
            self.told.append(progress.done)

        def close(self):
            self.closed = True

    observer, progress = Counts(), Progress(found=1000)
    with Watching([(observer, ObservedRun("out", "local", 0.0))]) as watching:
        for number in range(1000):
            progress.scored = number + 1
            watching.update(progress)
    assert (observer.told, observer.closed) == ([1000], True)

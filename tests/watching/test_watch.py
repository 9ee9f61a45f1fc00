"""A watched folder: what counts as arrived, and what a batch leaves behind."""

import csv
import json
import math
import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest
from command_line import xrayscan
from small import check_answer, write_film

from xrayscan.cli.watch import watch as watch_command
from xrayscan.errors import Status, UsageError
from xrayscan.report.reopen import reopen
from xrayscan.scanning.scan import ScanSettings
from xrayscan.store.record import ScanRecord
from xrayscan.watching.arrivals import Arrivals, Patience
from xrayscan.watching.calls import Calls
from xrayscan.watching.wake import Waker
from xrayscan.watching.watch import WatchSettings, watch

PATIENCE = Patience(settle=2, give_up=60)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def arrivals(folder: Path, clock: Clock) -> Arrivals:
    return Arrivals(os.fspath(folder), PATIENCE, clock=clock)


def taken(arrivals: Arrivals) -> list[str]:
    return [os.path.basename(source.path) for source in arrivals.take()]


def test_a_file_is_taken_once_it_has_been_at_rest(arrivals, folder, clock):
    write_film(folder / "a.png", 1)
    arrivals.look()
    assert arrivals.changing
    assert not arrivals.due
    clock.now += 3
    arrivals.look()
    assert arrivals.due
    assert taken(arrivals) == ["a.png"]
    assert not arrivals.due


def test_a_file_that_grows_starts_its_rest_anew(arrivals, folder, clock):
    (folder / "a.png").write_bytes(b"1")
    arrivals.look()
    clock.now += 1.5
    (folder / "a.png").write_bytes(b"12")
    arrivals.look()
    clock.now += 1.5
    arrivals.look()
    assert arrivals.changing


def test_a_copy_in_progress_is_waited_for_by_its_name(arrivals, folder, clock):
    (folder / "a.png.part").write_bytes(b"1")
    arrivals.look()
    clock.now += 10
    arrivals.look()
    assert taken(arrivals) == []


def test_the_next_look_comes_when_a_file_that_is_there_in_part_has_waited_long_enough(arrivals, folder, clock):
    (folder / "half.png").write_bytes(b"1")
    arrivals.look()
    assert arrivals.until_late == math.inf
    clock.now += 3
    (half,) = arrivals.take()
    failed = ScanRecord(half.source, reason="truncated PNG", status=Status.FAILED)
    assert arrivals.waits(half, failed)
    assert arrivals.until_late == PATIENCE.give_up - 3
    clock.now += PATIENCE.give_up
    assert arrivals.until_late == 0
    assert arrivals.due
    arrivals.take()
    assert not arrivals.waits(half, failed)
    assert arrivals.until_late == math.inf


def test_a_pause_is_no_shorter_than_its_least_and_ends_with_a_change():
    waker = Waker("nowhere", lambda line: None)
    waker._changed.set()
    began = time.monotonic()
    waker.pause(60, 0.3, lambda: False)
    assert 0.3 <= time.monotonic() - began < 30


def test_a_folder_that_is_gone_or_empty_for_a_while_changes_nothing(arrivals, folder, clock):
    write_film(folder / "a.png", 1)
    arrivals.look()
    clock.now += 3
    assert taken(arrivals) == ["a.png"]
    for empty in (False, True):
        folder.rename(folder.with_name("elsewhere"))
        if empty:
            folder.mkdir()
        arrivals.look()
        assert arrivals.away
        assert not arrivals.due
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name("elsewhere").rename(folder)
        arrivals.look()
        assert not arrivals.away
        assert not arrivals.due


def test_arguments_reach_the_command_as_they_are():
    film = dict.fromkeys(("probability", "study_uid", "series_uid", "sop_uid"), "1")
    name = "/in/a; rm -rf {probability} $(x) '.png"
    assert Calls("show --p={probability} {path}").arguments(film | {"path": name}) == ["show", "--p=1", name]
    assert Calls("show").arguments(film | {"path": name}) == ["show", name]


def test_calls_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="on-high"):
        Calls("show 'x")
    with pytest.raises(UsageError, match="webhook"):
        Calls(webhook="file:///etc/passwd")


class Watching:
    """The loop in a thread, until it is told to stop."""

    def __init__(self, folder: Path, model: object, out: Path, command: str = "") -> None:
        self.lines: list[str] = []
        self._stop = threading.Event()
        settings = WatchSettings(Patience(0.2, 2), poll=0.2, calls=Calls(command), formats=("csv", "html"))
        how = {"scan_settings": ScanSettings(workers=0, device="cpu", batch_size=4), "settings": settings}
        how |= {"stopping": self._stop.is_set, "tell": self.lines.append}
        self._thread = threading.Thread(
            target=watch, args=(os.fspath(folder),), kwargs={"models": [model], "out": os.fspath(out), **how}
        )

    def __enter__(self) -> "Watching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def until(self, word: str) -> None:
        until(lambda: any(word in line for line in self.lines))


def outcome(out: Path) -> dict[str, str]:
    """From the CSV: the store is the watcher's own while it scores."""
    with open(out / "triage.csv", encoding="utf-8-sig", newline="") as file:
        return {os.path.basename(row["source"]): row["reason"] or row["status"] for row in csv.DictReader(file)}


def until(condition) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to that")


def test_films_that_arrive_are_scored_and_half_of_one_waits_for_the_rest(folder, tmp_path, model):
    log, out = tmp_path / "log", tmp_path / "out"
    script = tmp_path / "note.py"
    script.write_text("import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')")
    for seed in range(4):
        write_film(folder / f"{seed}.png", seed)
    whole = write_film(tmp_path / "late.jpeg", 5, side=200).read_bytes()
    with Watching(folder, model, out, f"{sys.executable} {script} {log} {{path}}") as watching:
        watching.until("4 films scored")
        (folder / "late.jpeg").write_bytes(whole[: len(whole) // 2])
        watching.until("waiting for the rest")
        assert "late.jpeg" not in outcome(out)
        (folder / "late.jpeg").write_bytes(whole)
        watching.until("1 film scored")
        (folder / "never.jpeg").write_bytes(whole[: len(whole) // 2])
        until(lambda: "never.jpeg" in outcome(out))
    assert outcome(out) == {
        "never.jpeg": "truncated JPEG",
        **{f"{n}.png": "scored" for n in range(4)},
        "late.jpeg": "scored",
    }
    with Watching(folder, model, out, f"{sys.executable} {script} {log} {{path}}") as watching:
        write_film(folder / "new.png", 9)
        until(lambda: "new.png" in outcome(out))  # the others are as they were
    with reopen(os.fspath(out)) as worklist:
        high = [os.path.abspath(row.source) for row in worklist.scored() if row.tier == "high"]
    assert high
    assert sorted(log.read_text().splitlines()) == sorted(high)  # each once
    assert '"reload":10' in (out / "triage.html").read_text().replace(" ", "")


def test_the_answer_of_a_watch_that_was_stopped_is_what_is_documented(folder, model_file, tmp_path, monkeypatch):
    monkeypatch.setattr("xrayscan.watching.watch.watch", lambda *words, **more: 3)
    done = xrayscan("watch", folder, "--model", model_file, "--out", tmp_path / "out", "--json")
    check_answer(watch_command.result, done.stdout)
    assert (json.loads(done.stdout)["scored"], done.exit_code) == (3, 130)


def test_the_output_may_not_lie_in_the_folder(folder, model):
    with pytest.raises(UsageError, match="--out"):
        watch(os.fspath(folder), models=[model], out=os.fspath(folder / "out"))

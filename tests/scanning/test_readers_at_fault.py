"""Decoders that crash, hang, fill the memory or raise whatever they like cost one record each."""

import ctypes
import functools
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zlib

import pytest
from small import ROOT

from xrayscan.errors import Code, Status
from xrayscan.scanning.local_engine import read, run
from xrayscan.scanning.reader import CRASHED
from xrayscan.scanning.reader_memory import LEAST, MOST, reader_share
from xrayscan.scanning.workers import WorkerPool, open_workers

HOARD = []


class UnpicklableError(Exception):
    def __init__(self, message, lock):
        super().__init__(message)
        self.lock = lock


class OwnBaseException(BaseException):
    pass


EXCEPTIONS = [
    ValueError("DOE^JOHN"),
    KeyError("PatientName"),
    OSError(5, "Input/output error"),
    RuntimeError(),
    ZeroDivisionError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "DOE"),
    StopIteration(),
    StopAsyncIteration(),
    GeneratorExit(),
    EOFError(),
    BrokenPipeError(),
    zlib.error("DOE"),
    RecursionError(),
    SystemExit(3),
    OwnBaseException("DOE"),
    NotImplementedError(),
    AssertionError(),
]


def faulty(row):
    match row.get("fault"):
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "wild pointer":
            ctypes.string_at(0)
        case "abort":
            os.abort()
        case "exit":
            os._exit(0)
        case "hang":
            time.sleep(3600)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "hoard":
            while True:
                HOARD.append(bytearray(1 << 24))
        case "one block":
            return row | {"block": bytes(100 << 30)}
        case "interrupt":
            raise KeyboardInterrupt
        case "unpicklable error":
            raise UnpicklableError("DOE", threading.Lock())
        case "unpicklable answer":
            return row | {"lock": threading.Lock()}
        case "recursion":
            return faulty(row)
        case int(number):
            raise EXCEPTIONS[number]
    return row | {"fine": True}


def answers(faults, workers=2, fine=24, **options):
    """Have rows with faults worked on among many without; return the rows with a fault by it."""
    rows = [{"n": n} for n in range(fine)] + [{"n": fine + at, "fault": fault} for at, fault in enumerate(faults)]
    random.Random(0).shuffle(rows)
    source, found = iter(rows), []
    with open_workers(faulty, workers, **options) as readers:
        more = True
        while more or readers.busy:
            more = more and readers.feed(source)
            found += readers.collect()
    assert sorted(row["n"] for row in found) == list(range(len(rows)))
    assert all(row.get("fine") for row in found if "fault" not in row)
    assert not any(row.get("fine") for row in found if "fault" in row)
    return {row["fault"]: row for row in found if "fault" in row}


def test_a_decoder_that_brings_its_process_down_costs_one_record():
    failed = answers(["segfault", "wild pointer", "abort", "exit"])
    assert {row["reason"] for row in failed.values()} == {CRASHED}
    assert {row["code"] for row in failed.values()} == {Code.CRASHED}


def test_a_decoder_that_hangs_is_given_up_and_its_neighbours_are_read():
    failed = answers(["hang", "stop"], file_timeout=0.4)
    assert {row["reason"] for row in failed.values()} == {"took longer than 0.4 s (--file-timeout)"}
    assert {row["code"] for row in failed.values()} == {Code.TIMED_OUT}


def test_without_a_time_limit_a_slow_file_is_waited_for():
    with open_workers(slow, 1, 0) as readers:
        readers.feed(iter([{"n": 1}]))
        found = []
        while readers.busy:
            found += readers.collect()
    assert found == [{"n": 1, "slow": True}]


def slow(row):
    time.sleep(0.6)
    return row | {"slow": True}


def test_time_in_which_the_scan_itself_was_stopped_is_no_file_s_fault(monkeypatch):
    with WorkerPool(faulty, 1, file_timeout=30) as readers:
        readers.feed(iter([{"n": 1, "fault": "hang"}]))
        while not readers._readers[0].ready:
            list(readers.collect())
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 3600)  # as after an hour under Ctrl-Z
        assert list(readers._overdue()) == []
        assert readers.busy


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory as it should")
def test_a_decoder_that_takes_all_memory_costs_one_record(monkeypatch):
    monkeypatch.setattr("xrayscan.scanning.workers.reader_share", lambda readers: 256 << 20)
    failed = answers(["hoard", "one block"], workers=1)
    assert {row["code"] for row in failed.values()} == {Code.MEMORY}


@pytest.mark.parametrize("workers", [0, 2])
def test_whatever_a_decoder_raises_costs_one_record_and_is_named_by_its_class_alone(workers):
    failed = answers([*range(len(EXCEPTIONS)), "unpicklable error", "recursion"], workers)
    for fault, row in failed.items():
        name = type(EXCEPTIONS[fault]).__name__ if isinstance(fault, int) else row["reason"].split("(")[1][:-1]
        assert row["reason"] == f"{CRASHED} ({name})"
        assert (row["code"], row["status"]) == (Code.CRASHED, Status.FAILED)


def test_an_answer_that_cannot_be_sent_and_a_codec_that_raises_an_interruption_cost_one_record():
    failed = answers(["unpicklable answer", "interrupt"])
    assert {row["code"] for row in failed.values()} == {Code.CRASHED}


def test_without_readers_an_interruption_ends_the_scan():
    with pytest.raises(KeyboardInterrupt):
        answers(["interrupt"], workers=0)


def test_readers_do_not_hear_the_signals_that_end_a_scan():
    with open_workers(faulty, 2) as readers:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for pid in (readers._source._process.pid, *(reader.process for reader in readers._readers)):
                os.kill(pid, number)
        readers.feed(iter([{"n": n} for n in range(8)]))
        found = []
        while readers.busy:
            found += readers.collect()
    assert len(found) == 8


def test_a_reader_that_is_killed_while_it_has_nothing_to_do_costs_no_film():
    with open_workers(faulty, 1) as readers:
        found = []
        for n in range(2):
            readers.feed(iter([{"n": n}]))
            while readers.busy:
                found += readers.collect()
            os.kill(readers._readers[0].process, signal.SIGKILL)
            found += readers.collect()
    assert [row.get("reason") for row in found] == [None, None]


PARENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from xrayscan.scanning.workers import open_workers
from scanning.test_readers_at_fault import faulty
readers = open_workers(faulty, 2)
readers.feed(iter([{"fault": "hang"}] * 4))
print(readers._source._process.pid, *(reader.process for reader in readers._readers), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_readers_end_with_a_scan_that_is_killed_even_in_the_middle_of_a_file():
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(ROOT / "tests")], stdout=subprocess.PIPE, text=True)
    pids = parent.stdout.readline().split()
    assert len(pids) == 3
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_each_reader_has_its_share_of_the_memory(monkeypatch):
    monkeypatch.setattr("xrayscan.scanning.reader_memory._installed", lambda: float(16 << 30))
    assert reader_share(1) == MOST
    assert reader_share(8) == 1.5 * (1 << 30)
    assert reader_share(100) == LEAST


class Score:
    """A batch stage that may be waited for."""

    def __init__(self, batch_size, go=None, streams=1):
        self.batch_size, self.streams, self.go, self.began = batch_size, streams, go, threading.Event()

    def __call__(self, rows):
        self.began.set()
        if self.go:
            assert self.go.wait(20)
        return [row | {"scored": True} for row in rows]


def test_a_scan_that_is_stopped_hands_over_what_is_being_scored_and_reads_no_more():
    score, drawn = Score(4, threading.Event()), 0

    def rows():
        nonlocal drawn
        for n in range(10_000):
            drawn += 1
            yield {"n": n}

    def stopping():
        if score.began.is_set():
            score.go.set()
            return True
        return False

    batches = list(run(rows(), prepare=faulty, start=lambda: score, workers=0, stopping=stopping))
    assert sum(map(len, batches)) >= 4
    assert all(row["scored"] for batch in batches for row in batch)
    assert drawn < 2000


def test_a_scan_that_is_stopped_does_not_wait_for_a_model_that_is_being_loaded():
    release = threading.Event()
    try:
        started = run(
            iter([{"n": 1}]), prepare=faulty, start=lambda: release.wait(20), workers=0, stopping=lambda: True
        )
        assert list(started) == []
        assert not release.is_set()
    finally:
        release.set()


def test_rows_that_are_not_there_yet_do_not_hold_up_those_that_are():
    rows = iter([{"n": 0}, None, {"n": 1}, None, None, {"n": 2}])
    batches = list(run(rows, prepare=faulty, start=lambda: Score(1), workers=1))
    assert sorted(row["n"] for batch in batches for row in batch) == [0, 1, 2]


def test_reading_for_training_is_as_safe():
    rows = list(read([{"n": 1, "fault": "segfault"}, {"n": 2}], functools.partial(faulty), workers=1))
    assert {row["n"]: row.get("reason") for row in rows} == {1: CRASHED, 2: None}

import functools
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from xrayscan import XrayscanError
from xrayscan.errors import Status
from xrayscan.scanning.local_engine import read, run
from xrayscan.scanning.reader import CRASHED
from xrayscan.scanning.workers import open_workers


def double(row):
    if row["n"] == row.get("slow"):
        time.sleep(0.2)
    return row | {"twice": 2 * row["n"]}


def crash_on(row, *, bad):
    if row["n"] in bad:
        os._exit(11)
    return double(row)


def note_imports(row):
    return row | {"reads DICOM": "pydicom" in sys.modules}


def refuse_odd(row):
    return row | ({"reason": "odd", "status": Status.FAILED} if row["n"] % 2 else {})


class Score:
    """A batch stage that notes the sizes of its batches."""

    def __init__(self, batch_size, delay=0.0, streams=1):
        self.batch_size, self.delay, self.streams, self.sizes = batch_size, delay, streams, []

    def __call__(self, rows):
        time.sleep(self.delay)
        self.sizes.append(len(rows))
        return [row | {"scored": True} for row in rows]


def numbers(count, **more):
    return ({"n": n} | more for n in range(count))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_every_row_comes_back_once(workers):
    rows = list(read(numbers(50, slow=3), double, workers=workers))
    assert sorted(row["twice"] for row in rows) == [2 * n for n in range(50)]


def test_a_crash_of_a_reader_costs_the_row_that_caused_it():
    rows = list(read(numbers(40), functools.partial(crash_on, bad={5, 17, 39}), workers=2))
    assert sorted(row["n"] for row in rows) == list(range(40))
    assert {row["n"] for row in rows if row.get("reason") == CRASHED} == {5, 17, 39}


@pytest.mark.skipif(sys.platform == "win32", reason="readers there share nothing")
@pytest.mark.parametrize("dicom", [True, False])
def test_readers_share_what_reads_dicom_where_some_is_expected_and_else_do_without(dicom):
    with open_workers(note_imports, 1, dicom=dicom) as readers:
        readers.feed(numbers(1))
        rows = []
        while readers.busy:
            rows += readers.collect()
    assert [row["reads DICOM"] for row in rows] == [dicom]


def test_readers_end_with_the_scan():
    with open_workers(double, 2) as readers:
        readers.feed(numbers(4))
        pids = [readers._source._process.pid, *(reader.process for reader in readers._readers)]
        for pid in pids:
            os.kill(pid, 0)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_full_but_for_the_last(workers):
    score = Score(8)
    batches = list(run(numbers(43), prepare=double, start=lambda: score, workers=workers))
    assert sorted(row["n"] for batch in batches for row in batch) == list(range(43))
    assert score.sizes == [8] * 5 + [3]


@pytest.mark.parametrize("workers", [0, 2])
def test_rows_with_a_reason_are_not_scored_and_not_lost(workers):
    score = Score(4)
    rows = [
        row for batch in run(numbers(30), prepare=refuse_odd, start=lambda: score, workers=workers) for row in batch
    ]
    assert {row["n"] for row in rows if "scored" in row} == set(range(0, 30, 2))
    assert {row["n"] for row in rows if "reason" in row} == set(range(1, 30, 2))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_folder_in_which_every_file_is_refused_ends(workers):
    rows = ({"n": 1} for _ in range(5))
    assert (
        len([row for batch in run(rows, prepare=refuse_odd, start=lambda: Score(4), workers=workers) for row in batch])
        == 5
    )


def test_no_rows_end_at_once():
    assert list(run(iter(()), prepare=double, start=lambda: Score(4), workers=0)) == []


def test_batches_are_scored_at_the_same_time_where_the_stage_allows_it():
    meeting = threading.Barrier(3, timeout=20)

    class Meeting(Score):
        def __call__(self, rows):
            meeting.wait()  # three batches at once, or none returns
            return super().__call__(rows)

    batches = list(run(numbers(48), prepare=double, start=lambda: Meeting(8, streams=3), workers=0))
    assert sorted(row["n"] for batch in batches for row in batch) == list(range(48))


def test_rows_are_drawn_only_as_fast_as_they_are_scored():
    drawn, batch_size = 0, 8

    def source():
        nonlocal drawn
        for n in range(10_000):
            drawn += 1
            yield {"n": n}

    batches = run(source(), prepare=double, start=lambda: Score(batch_size, delay=0.05), workers=0)
    done = sum(len(next(batches)) for _ in range(10))
    batches.close()
    assert drawn - done < 200 + 1024  # what may be read before the batch stage is there


def test_a_batch_stage_that_cannot_start_says_so():
    def start():
        raise XrayscanError("no such device")

    with pytest.raises(XrayscanError, match="no such device"):
        list(run(numbers(5), prepare=double, start=start, workers=0))


def test_an_error_in_the_batch_stage_is_raised():
    class Broken(Score):
        def __call__(self, rows):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(run(numbers(5), prepare=double, start=lambda: Broken(4), workers=0))


def test_scans_can_run_side_by_side_in_one_process():
    def whole(count):
        return sorted(
            row["n"]
            for batch in run(numbers(count), prepare=double, start=lambda: Score(4), workers=1)
            for row in batch
        )

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(whole, (20, 30))) == [list(range(20)), list(range(30))]


@pytest.mark.parametrize("workers", [0, 1])
def test_nothing_of_a_scan_that_ended_by_itself_is_still_being_loaded(workers):
    loaded = threading.Event()

    def start():
        time.sleep(0.3)
        loaded.set()
        return Score(4)

    rows = [row for batch in run(iter([{"n": 1}]), prepare=refuse_odd, start=start, workers=workers) for row in batch]
    assert rows[0]["reason"] == "odd"
    assert loaded.is_set()


def test_without_readers_nothing_is_read_while_the_model_is_being_loaded():
    loading = threading.Event()

    def start():
        loading.set()
        time.sleep(0.3)
        loading.clear()
        return Score(4)

    def alone(row):
        return row | {"beside": loading.is_set()}

    batches = list(run(numbers(3), prepare=alone, start=start, workers=0))
    assert not any(row["beside"] for batch in batches for row in batch)

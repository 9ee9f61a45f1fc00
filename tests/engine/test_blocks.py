import itertools
import time
from collections import deque

import pytest

from xrayscan.engine import blocks
from xrayscan.engine.blocks import LostBlock, run_blocks
from xrayscan.errors import Code


class Job:
    def __init__(self, stopping=lambda: False):
        self.stopping, self.told = stopping, []

    def waiting(self, told):
        self.told.append(told)


class FakePool:
    """Finishes blocks at once, in the order given, and loses those that hold a row of ``poison``."""

    def __init__(self, room=3, poison=()):
        self._room, self.poison, self.under_way, self.sizes, self.most = room, set(poison), deque(), [], 0

    def room(self):
        return self._room

    def submit(self, block):
        self.under_way.append(block)
        self.sizes.append(len(block))
        self.most = max(self.most, len(self.under_way))

    def lacking(self):
        return "" if self._room else "a worker"

    def collect(self, seconds):
        if self.under_way:
            block = self.under_way.popleft()
            lost = self.poison & {row["n"] for row in block}
            yield LostBlock(block) if lost else [row | {"done": True} for row in block]


def numbers(count):
    return ({"n": n} for n in range(count))


def finished(rows, pool, size=10, **job):
    return list(itertools.chain.from_iterable(run_blocks(Job(**job), iter(rows), pool, size)))


def test_every_row_comes_back_once_in_blocks_of_the_size_asked_for():
    pool = FakePool()
    assert sorted(row["n"] for row in finished(numbers(95), pool)) == list(range(95))
    assert pool.sizes == [10] * 9 + [5]


def test_no_more_blocks_are_under_way_than_there_is_room_for():
    pool = FakePool(room=4)
    drawn = []
    rows = ({"n": drawn.append(n) or n} for n in range(1000))
    answers = run_blocks(Job(), rows, pool, 10)
    next(answers)
    assert (pool.most, len(drawn)) == (4, 40)
    answers.close()


def test_a_row_that_loses_its_worker_each_time_costs_itself_alone():
    rows = finished(numbers(100), FakePool(poison={37}))
    assert sorted(row["n"] for row in rows) == list(range(100))
    [given_up] = [row for row in rows if not row.get("done")]
    assert (given_up["n"], given_up["code"], given_up["status"]) == (37, Code.CRASHED, Code.CRASHED.status)


def test_rows_that_have_a_reason_are_never_sent():
    rows = [{"n": n, "reason": "hidden"} if n % 2 else {"n": n} for n in range(1000)]
    pool = FakePool()
    found = finished(rows, pool)
    assert sorted(row["n"] for row in found) == list(range(1000))
    assert sum(pool.sizes) == 500


def test_of_many_rows_with_a_reason_some_are_handed_over_before_the_last_is_drawn():
    drawn = []
    rows = ({"n": drawn.append(n) or n, "reason": "hidden"} for n in range(5000))
    next(run_blocks(Job(), rows, FakePool(), 10))
    assert len(drawn) < 1000


def test_a_block_does_not_wait_for_files_that_are_not_found_yet(monkeypatch):
    monkeypatch.setattr(blocks, "PATIENCE", 0.01)

    def rows():
        yield {"n": 0}
        while not pool.sizes:
            time.sleep(0.005)
            yield None
        yield {"n": 1}

    pool = FakePool()
    assert [row["n"] for row in finished(rows(), pool)] == [0, 1]
    assert pool.sizes == [1, 1]


def test_once_stopped_nothing_more_is_sent():
    seen = []
    pool = FakePool(room=2)

    def seen_some():
        return bool(seen)

    for rows in run_blocks(Job(seen_some), itertools.cycle(numbers(50)), pool, 10):
        seen += rows
    assert len(pool.sizes) <= 4


def test_people_are_told_what_lacks_once_and_when_it_has_come(monkeypatch):
    monkeypatch.setattr(blocks, "TELL_AFTER", 0.0)
    monkeypatch.setattr(blocks, "TICK", 0.001)
    rooms = iter([0] * 9)

    class NoWorkerYet(FakePool):
        def lacking(self):
            self._room = next(rooms, 3)
            return super().lacking()

    job, pool = Job(), NoWorkerYet(room=0)
    found = itertools.chain.from_iterable(run_blocks(job, numbers(20), pool, 10))
    assert sorted(row["n"] for row in found) == list(range(20))
    assert job.told == ["a worker", ""]


@pytest.mark.parametrize("rows", [[], [None, None]])
def test_where_there_is_nothing_to_do_it_ends(rows):
    assert finished(rows, FakePool()) == []

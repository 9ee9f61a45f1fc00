"""Sources found wait in order, however many there are, and whoever waits for one gets it at once."""

import threading
import tracemalloc

import pytest

from xrayscan.errors import Code
from xrayscan.scanning import backlog
from xrayscan.scanning.backlog import PACK, Backlog
from xrayscan.sources.source import Source

NOW, SOON = 0.01, 10.0  # s


def source(number: int) -> Source:
    name = f"ward/{number // 100:04}/film-{number:07}.jpeg"
    return Source(name, f"/share/{name}", 1000 + number, number << 30, number << 31, 2049, number)


def all_of(found: Backlog) -> list[Source]:
    taken = []
    while sources := found.take(NOW):
        taken += sources
    return taken


@pytest.mark.parametrize("count", [0, 1, PACK - 1, PACK, PACK + 1, 3 * PACK + 7])
def test_sources_come_out_as_and_in_the_order_they_went_in(count):
    found = Backlog()
    sources = [source(number) for number in range(count)]
    for one in sources:
        found.put(one)
    found.end()
    assert all_of(found) == sources


def test_names_that_are_no_utf_8_and_reasons_survive_the_wait():
    odd = Source("a\udcff.jpg", "/a\udcff.jpg", reason="hidden file", code=Code.HIDDEN)
    found = Backlog()
    for one in [odd] * PACK:
        found.put(one)
    assert found.take(NOW) == [odd] * PACK


def test_a_single_source_need_not_wait_for_a_pack():
    found, taken = Backlog(), []
    waiting = threading.Thread(target=lambda: taken.extend(found.take(SOON)))
    waiting.start()
    found.put(source(1))
    waiting.join(SOON)
    assert taken == [source(1)]


def test_what_ended_the_walk_is_raised_after_the_last_source():
    found = Backlog()
    found.put(source(1))
    found.end(OSError("gone"))
    assert found.take(NOW) == [source(1)]
    with pytest.raises(OSError, match="gone"):
        found.take(NOW)


def test_a_walk_waits_when_too_many_wait_until_some_are_taken_or_nobody_takes_any(monkeypatch):
    monkeypatch.setattr(backlog, "PACKS", 1)
    found = Backlog()
    for number in range(PACK):
        found.put(source(number))
    walk = threading.Thread(target=lambda: [found.put(source(PACK)), found.put(source(PACK + 1))])
    walk.start()
    walk.join(NOW)
    assert walk.is_alive()
    assert len(found.take(NOW)) == PACK
    walk.join(SOON)
    assert all_of(found) == [source(PACK), source(PACK + 1)]

    for number in range(PACK):
        found.put(source(number))
    walk = threading.Thread(target=lambda: found.put(source(PACK)))
    walk.start()
    found.stop()
    walk.join(SOON)
    assert not walk.is_alive()


def test_a_hundred_thousand_waiting_sources_take_less_than_ten_megabytes():
    found = Backlog()
    tracemalloc.start()
    for number in range(100_000):
        found.put(source(number))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 10e6

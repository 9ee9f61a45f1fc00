"""Results go on from a watched folder: each once, whatever is refused or does not answer."""

import sqlite3
from contextlib import contextmanager

import pytest
from offered import offer_sink

from xrayscan import OutputError
from xrayscan.plugin.delivery import deliver
from xrayscan.watching.sending import Sending

WARD = "box://ward"


class Ward:
    """A sink that takes everything but what it is told to refuse, each in a second of its own clock."""

    name = "box"

    def __init__(self):
        self.now, self.got, self.tried, self.refuses, self.away = 1000.0, [], [], set(), False

    def check(self, address):
        """Any address will do."""

    @contextmanager
    def connect(self, address):
        self.now += 1
        if self.away:
            raise OSError("no connection")

        def send(content):
            self.now += 1
            self.tried.append(content)
            if content in self.refuses:
                raise OutputError("refused with status 0xA900")
            self.got.append(content)

        yield send


@pytest.fixture
def ward(monkeypatch):
    return offer_sink(monkeypatch, Ward())


@pytest.fixture
def run(tmp_path):
    sqlite3.connect(tmp_path / "scan.sqlite").close()
    (tmp_path / "triage.dicom-sr").mkdir()
    write(tmp_path, "a", "b")
    return tmp_path


def write(run, *names):
    for name in names:
        (run / "triage.dicom-sr" / f"{name}.dcm").write_bytes(name.encode())


def sending(run, ward):
    lines = []
    return Sending(str(run), WARD, lines.append, lambda: ward.now), lines


def turn(one):
    one.take_turn(lambda: False)


def test_what_an_earlier_watch_left_is_sent_first_and_then_only_what_is_new(run, ward):
    way, lines = sending(run, ward)
    turn(way)
    turn(way)
    write(run, "c")
    turn(way)  # nobody said that there is something new
    assert ward.got == [b"a", b"b"]
    way.new()
    turn(way)
    assert ward.got == [b"a", b"b", b"c"]
    assert lines == ["2 files sent to box://ward", "1 file sent to box://ward"]


def test_nothing_is_sent_before_there_is_a_scan(tmp_path, ward):
    way, lines = sending(tmp_path, ward)
    turn(way)
    assert lines == []


def test_a_place_that_does_not_answer_is_told_of_once_and_tried_again_after_a_pause(run, ward):
    way, lines = sending(run, ward)
    ward.away = True
    turn(way)
    way.new()
    assert not way.due  # new films do not make it answer
    ward.now += 61
    turn(way)
    assert lines == ["box://ward: no connection; what is to be sent there waits"]
    ward.away, ward.now = False, ward.now + 61
    turn(way)
    assert ward.got == [b"a", b"b"]


def test_what_is_refused_is_tried_once_and_left_to_the_command(run, ward):
    way, lines = sending(run, ward)
    ward.refuses = {b"a"}
    turn(way)
    write(run, "c")
    way.new()
    turn(way)
    assert ward.tried == [b"a", b"b", b"c"]
    assert lines[1].startswith("not sent: a.dcm: refused with status 0xA900; `xrayscan send ")
    ward.refuses = set()
    assert deliver(str(run))[0].sent == 1
    assert sorted(ward.got) == [b"a", b"b", b"c"]


def test_many_files_go_in_turns_between_which_new_films_are_scored(run, ward):
    write(run, *map(str, range(30)))
    way, _ = sending(run, ward)
    turn(way)
    assert 5 < len(ward.got) < 15
    assert way.due
    for _ in range(3):
        turn(way)
    assert len(ward.got) == len(set(ward.got)) == 32
    assert not way.due


def test_a_watch_that_is_stopped_sends_no_more(run, ward):
    way, _ = sending(run, ward)
    way.take_turn(lambda: bool(ward.got))
    assert ward.got == [b"a"]

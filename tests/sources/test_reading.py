import os
import time

import pytest

from xrayscan.errors import DecodeError
from xrayscan.sources import blob
from xrayscan.sources.reading import read_file, read_head


class Changing:
    """A file that is written to while it is read, as often as told."""

    def __init__(self, path, times):
        self.path, self.left = path, times

    def __call__(self, head):
        if self.left:
            self.left -= 1
            content = bytes([ord("a") + self.left]) * 6000
            self.path.write_bytes(content)


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(b"z" * 6000)
    assert read_file(str(path), head_ok=Changing(path, 1)) == b"a" * 6000


def test_a_file_that_keeps_changing_is_refused(tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(b"z" * 6000)
    with pytest.raises(DecodeError, match="keeps changing"):
        read_file(str(path), head_ok=Changing(path, 100))


def test_a_file_is_not_read_before_the_clock_has_moved_on_since_its_last_change(tmp_path, monkeypatch):
    path = tmp_path / "film.png"
    path.write_bytes(b"new")
    waited = []
    monkeypatch.setattr(blob.time, "sleep", waited.append)
    monkeypatch.setattr(blob.time, "time_ns", lambda: os.stat(path).st_ctime_ns + 1)
    read_file(str(path))
    assert waited == [blob.TICK_NS / 1e9]
    monkeypatch.setattr(blob.time, "time_ns", lambda: os.stat(path).st_ctime_ns + blob.TICK_NS)
    read_file(str(path))
    assert len(waited) == 1


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "film.png")
    started = time.monotonic()
    with pytest.raises(DecodeError, match="not a regular file"):
        read_file(str(tmp_path / "film.png"))
    assert time.monotonic() - started < 60


def test_a_path_with_a_nul_leads_nowhere():
    with pytest.raises(DecodeError, match="No such file"):
        read_head("film\0.png")

"""Each file arrives once, whatever is refused, lost or interrupted."""

import sqlite3
from contextlib import contextmanager

import pytest
from command_line import xrayscan
from films import dicom
from offered import offer_sink
from small import film_pixels

from xrayscan import OutputError, UsageError
from xrayscan.errors import InputError
from xrayscan.plugin.delivery import deliver, refuse_unsent
from xrayscan.store.outbox import Outbox

WARD, CLINIC = "box://ward", "box://clinic"


class Box:
    """A sink that notes what it gets, and refuses, fails or is interrupted when told to."""

    name = "box"

    def __init__(self):
        self.got, self.raises = [], {}

    def check(self, address):
        if "@" in address:
            raise UsageError("a box has no login")

    @contextmanager
    def connect(self, address):
        def send(content):
            if error := self.raises.get(content):
                raise error
            self.got.append((address, content))

        yield send


@pytest.fixture
def box(monkeypatch):
    return offer_sink(monkeypatch, Box())


@pytest.fixture
def run(tmp_path):
    """The folder of a scan with three reports and a file that is none."""
    sqlite3.connect(tmp_path / "scan.sqlite").close()
    folder = tmp_path / "triage.dicom-sr"
    folder.mkdir()
    for name in ("a.dcm", "b.dcm", "c.dcm", "index.jsonl"):
        (folder / name).write_bytes(name[:1].encode())
    return tmp_path


def contents(box):
    return [content for _, content in box.got]


def test_every_file_of_a_report_is_sent_once_and_nothing_else(run, box):
    (one,) = deliver(str(run), [WARD])
    assert (one.sent, one.before, one.problems) == (3, 0, ())
    (again,) = deliver(str(run))
    assert (again.sent, again.before) == (0, 3)
    assert box.got == [(WARD, b"a"), (WARD, b"b"), (WARD, b"c")]


def test_each_address_gets_every_file(run, box):
    deliver(str(run), [WARD, CLINIC])
    assert sorted(box.got) == [(to, name) for to in (CLINIC, WARD) for name in (b"a", b"b", b"c")]


def test_a_refused_file_costs_no_other_and_is_sent_again(run, box):
    box.raises = {b"b": OutputError("refused with status 0xA700")}
    (one,) = deliver(str(run), [WARD])
    assert one.problems == (("b.dcm", "refused with status 0xA700"),)
    assert contents(box) == [b"a", b"c"]
    with pytest.raises(OutputError, match=r"1 file not sent to box://ward \(refused .*\): run `xrayscan send"):
        refuse_unsent([one], str(run))
    box.raises = {}
    assert deliver(str(run))[0].sent == 1
    assert contents(box) == [b"a", b"c", b"b"]


def test_where_the_connection_is_lost_the_rest_waits(run, box):
    box.raises = {b"b": ConnectionResetError("no answer")}
    (one,) = deliver(str(run), [WARD])
    assert one.problems == (("b.dcm", "no answer"), ("c.dcm", "no answer"))
    box.raises = {}
    deliver(str(run))
    assert contents(box) == [b"a", b"b", b"c"]


def test_after_an_interruption_only_what_was_not_sent_is_sent(run, box):
    box.raises = {b"c": KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        deliver(str(run), [WARD])
    box.raises = {}
    deliver(str(run))  # the address is known from before
    assert contents(box) == [b"a", b"b", b"c"]


def test_an_error_of_the_sink_is_named_and_not_quoted(run, box):
    box.raises = {b"a": ValueError("DOE^SECRET")}
    (one,) = deliver(str(run), [WARD])
    assert one.problems == (("a.dcm", "not sent (ValueError)"),)


def test_a_sink_that_fails_to_connect_is_named_and_all_is_sent_later(run, box, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(box, "connect", lambda address: 1 / 0)
        (one,) = deliver(str(run), [WARD])
        assert dict(one.problems) == dict.fromkeys(("a.dcm", "b.dcm", "c.dcm"), "not sent (ZeroDivisionError)")
    deliver(str(run))
    assert contents(box) == [b"a", b"b", b"c"]


def test_a_report_that_was_written_anew_replaces_what_was_waiting(run, box):
    box.raises = {b"b": OutputError("refused")}
    deliver(str(run), [WARD])
    (run / "triage.dicom-sr" / "b.dcm").rename(run / "triage.dicom-sr" / "d.dcm")
    box.raises = {}
    (one,) = deliver(str(run))
    assert (one.sent, one.problems) == (1, ())
    assert len(box.got) == 3


def test_two_processes_do_not_send_from_one_folder_at_once(run, box):
    with Outbox.of_run(str(run)), pytest.raises(OutputError, match="another scan is writing"):
        deliver(str(run), [WARD])
    assert not box.got


def test_the_command_lists_what_did_not_arrive_and_exits_with_five(run, box):
    box.raises = {b"b": OutputError("refused with status 0xA700")}
    done = xrayscan("send", run, "--to", WARD)
    assert done.exit_code == 5
    assert "not sent: b.dcm: refused with status 0xA700" in done.output
    assert "2 files sent to box://ward" in done.output
    box.raises = {}
    done = xrayscan("send", run)
    assert done.exit_code == 0
    assert "1 file sent to box://ward, 2 sent before" in done.output
    assert xrayscan("send", run, "--quiet").output == ""


def test_a_scan_sends_what_it_wrote(tmp_path, box, model_file):
    pytest.importorskip("highdicom", reason="the DICOM extra is not installed")
    (tmp_path / "a.dcm").write_bytes(dicom(film_pixels(1, 96), bits=8))
    words = "--model", model_file, "--workers", "0", "--format", "dicom-sr", "--send", WARD
    done = xrayscan("predict", tmp_path / "a.dcm", "--out", tmp_path / "run", *words)
    assert done.exit_code == 0, done.output
    assert "1 file sent to box://ward" in done.output
    (report,) = (tmp_path / "run" / "triage.dicom-sr").glob("*.dcm")
    assert contents(box) == [report.read_bytes()]
    box.raises = {report.read_bytes(): OutputError("refused")}
    done = xrayscan("predict", tmp_path / "a.dcm", "--out", tmp_path / "run", *words[:-1], CLINIC)
    assert done.exit_code == 5
    assert "1 file not sent to box://clinic (refused)" in done.output


def test_wrong_usage_is_told_before_anything_is_sent(run, box, tmp_path):
    assert "nothing was to be sent" in xrayscan("send", run).output
    assert "nothing is sent to ftp" in xrayscan("send", run, "--to", "ftp://x").output
    assert "a box has no login" in xrayscan("send", run, "--to", "box://a:b@ward").output
    done = xrayscan("predict", run, "--send", WARD, "--format", "csv")
    assert done.exit_code == 2
    assert "--format that writes a folder" in done.output
    with pytest.raises(InputError, match="no scan in this folder"):
        deliver(str(tmp_path / "triage.dicom-sr"), [WARD])
    assert not box.got

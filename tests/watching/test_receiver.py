"""The C-STORE receiver: what it takes lies on the disk, and no peer costs another anything."""

import gc
import os
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from certificates import self_signed

from xrayscan.errors import OutputError, UsageError
from xrayscan.watching.receiver import Listening, Receiver
from xrayscan.watching.spool import Spool

pynetdicom = pytest.importorskip("pynetdicom", reason="pynetdicom is not installed (xrayscan[dicom])")
# Of peers that break off, pynetdicom leaves the socket to the collector; of one that says nothing until the receiver
# ends, it ends a thread with an exception. Both are expected where a test has such a peer, and nowhere else.
leaves_socket = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ends_thread = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
CR, EXPLICIT = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.1.2.1"


def film(number: int, pixel: int = 0, side: int = 64):
    from pydicom.dataset import Dataset, FileMetaDataset

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = EXPLICIT
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = CR, f"1.2.3.{number}", "CR"
    made.Rows = made.Columns = side
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelData = 7, bytes([pixel]) * side**2
    made["PixelData"].VR = "OB"
    return made


@pytest.fixture
def spool(tmp_path: Path):
    yield tmp_path / "spool"
    gc.collect()  # here, where it is expected


def associate(port: int, *, called: str = "XRAYSCAN", calling: str = "PACS", tls_args=None):
    ae = pynetdicom.AE(ae_title=calling)
    ae.add_requested_context(CR, EXPLICIT)
    ae.add_requested_context("1.2.840.10008.1.1")
    return ae.associate("127.0.0.1", port, ae_title=called, tls_args=tls_args)


def send(association, *films) -> list[int]:
    assert association.is_established
    statuses = [association.send_c_store(one).Status for one in films]
    association.release()
    return statuses


def serving(spool: Path, **settings):
    lines: list[str] = []
    return Receiver(Spool(os.fspath(spool)), Listening(0, min_free=0, **settings), lines.append).serving()


def names(spool: Path) -> list[str]:
    return sorted(os.listdir(spool))


def test_a_film_that_was_accepted_lies_in_the_spool_and_the_same_again_is_one(spool):
    with serving(spool) as port:
        association = associate(port)
        assert association.send_c_echo().Status == 0
        assert send(association, film(1), film(2), film(1)) == [0, 0, 0]
    assert names(spool) == ["1.2.3.1.dcm", "1.2.3.2.dcm"]
    from pydicom import dcmread

    assert dcmread(spool / "1.2.3.1.dcm").SOPInstanceUID == "1.2.3.1"


def test_another_film_of_the_same_uid_is_kept_beside_the_first(spool):
    with serving(spool) as port:
        assert send(associate(port), film(1), film(1, pixel=9)) == [0, 0]
    assert len(names(spool)) == 2


def test_only_peers_that_are_named_are_let_in_and_only_by_the_right_title(spool):
    with serving(spool, peers=("PACS@127.0.0.1", "CR1")) as port:
        assert associate(port, calling="OTHER").is_rejected
        assert associate(port, called="WRONG").is_rejected
        assert send(associate(port, calling="PACS"), film(1)) == [0]
        assert send(associate(port, calling="CR1"), film(2)) == [0]


@leaves_socket
@ends_thread
def test_garbage_silence_and_half_an_object_cost_nobody_else_anything(spool):
    with serving(spool) as port, socket.create_connection(("127.0.0.1", port)):  # says nothing
        with socket.create_connection(("127.0.0.1", port)) as other:
            other.sendall(os.urandom(5000))
        half = associate(port)
        half.dul.socket.send(b"\x04\x00\x00\x00\xff\xff")  # the beginning of a PDU that never goes on
        assert send(associate(port), film(1)) == [0]
        half.abort()
    assert names(spool) == ["1.2.3.1.dcm"]


def test_associations_beyond_the_limit_are_rejected_until_there_is_room(spool):
    with serving(spool, associations=1) as port:
        first = associate(port)
        assert associate(port).is_rejected
        assert send(first, film(1)) == [0]


def until(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@leaves_socket
def test_a_peer_that_stops_in_the_middle_of_a_message_keeps_no_thread(spool, monkeypatch):
    monkeypatch.setattr("xrayscan.watching.receiver.IDLE_SECONDS", 0.3)
    receiver = Receiver(Spool(os.fspath(spool)), Listening(0))
    with receiver.serving() as port:
        half = associate(port)
        threads = threading.active_count()
        half.dul.socket.send(b"\x04\x00\x00\x00\xff\xff")
        until(lambda: threading.active_count() < threads)
        until(lambda: not receiver._ae.active_associations)


@leaves_socket
def test_under_tls_only_certificates_of_the_authority_are_let_in_and_others_are_told_of(spool, tmp_path):
    ours, theirs, foreign = (self_signed(tmp_path / f"{n}.pem", "127.0.0.1") for n in range(3))
    lines: list[str] = []
    listening = Listening(0, min_free=0, tls=(ours, ours, theirs))
    with Receiver(Spool(os.fspath(spool)), listening, lines.append).serving() as port:
        for certificate in (theirs, foreign, None):
            context = ssl.create_default_context(cafile=ours)
            if certificate:
                context.load_cert_chain(certificate)
            association = associate(port, tls_args=(context, "127.0.0.1"))
            assert association.is_established == (certificate == theirs)
            if certificate == theirs:
                assert send(association, film(1)) == [0]
        until(lambda: len(lines) == 2)
    assert set(lines) == {"127.0.0.1 was not let in: no TLS, or no certificate of --tls-ca"}
    assert names(spool) == ["1.2.3.1.dcm"]


@leaves_socket
def test_an_object_without_end_is_cut_off(spool):
    with serving(spool, max_bytes=40_000) as port:
        association = associate(port)
        assert "Status" not in association.send_c_store(film(1, side=512))
        assert send(associate(port), film(2)) == [0]
    assert names(spool) == ["1.2.3.2.dcm"]


def test_a_full_disk_refuses_films_for_the_sender_to_try_again(spool):
    receiver = Receiver(Spool(os.fspath(spool)), Listening(0, min_free=1 << 60))
    with receiver.serving() as port:
        assert send(associate(port), film(1)) == [0xA700]
    assert names(spool) == []


def test_what_a_killed_process_had_begun_is_removed_and_no_name_leads_elsewhere(spool):
    spool.mkdir()
    (spool / ".1.2.3-77.part").write_bytes(b"half")
    kept = Spool(os.fspath(spool))
    assert names(spool) == []
    with pytest.raises(OutputError):
        kept.keep("../../etc/x", b"")


def test_a_port_that_is_taken_and_a_title_that_is_none_are_told(spool):
    with serving(spool) as port:
        second = Receiver(Spool(os.fspath(spool)), Listening(port)).serving()
        with pytest.raises(OutputError, match="port"):
            second.__enter__()
    with pytest.raises(UsageError, match="aet"):
        Listening(1, aet="x" * 17)

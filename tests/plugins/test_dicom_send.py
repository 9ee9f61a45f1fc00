"""Objects to an archive, by C-STORE and STOW-RS, against small servers of this process."""

import contextlib
import gc
import http.server
import json
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from certificates import self_signed
from command_line import xrayscan
from films import header, written

from xrayscan import OutputError, UsageError
from xrayscan.plugin.delivery import sink_of
from xrayscan.testing import SinkContract
from xrayscan.testing.sink import SinkSubject

pytest.importorskip("pynetdicom", reason="the DICOM extra is not installed")
pytest.importorskip("dicomweb_client", reason="the DICOM extra is not installed")

pytestmark = pytest.mark.filterwarnings(  # pynetdicom leaves the socket of a connection that failed to the collector
    "ignore::pytest.PytestUnraisableExceptionWarning"
)

REPORT, CT = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.2"
OBJECT = written(header(sop_class=REPORT))
NOWHERE = "127.0.0.1:9"  # the discard port, where nobody listens


class Peer:
    """A C-STORE provider that answers with ``status`` and notes who called."""

    def __init__(self, tls=None):
        from pynetdicom import AE, evt

        self.status, self.got, self.callers = 0, [], set()
        entity = AE("PACS")
        entity.require_called_aet = True
        entity.add_supported_context(REPORT, "1.2.840.10008.1.2")  # implicit VR alone, as the oldest peers
        handlers = [(evt.EVT_C_STORE, self._store)]
        self.server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def _store(self, event):
        self.callers.add(event.assoc.requestor.ae_title)
        if self.status == 0:
            self.got.append(event.dataset.SOPInstanceUID)
        return self.status


class Archive(http.server.ThreadingHTTPServer):
    """A STOW-RS server that answers with ``status`` and ``body`` and notes what came."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.body, self.got, self.logins = 200, {}, [], []
        self.address = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, content))
        self.server.logins.append(self.headers["Authorization"])
        answer = json.dumps(self.server.body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/dicom+json")
        self.send_header("Location", "/elsewhere/studies")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def peer():
    made = Peer()
    yield made
    made.server.shutdown()


@pytest.fixture
def archive(monkeypatch):
    monkeypatch.delenv("XRAYSCAN_DICOMWEB_TOKEN", raising=False)
    made = Archive()
    yield made
    made.shutdown()
    made.server_close()


def send(address, content=OBJECT):
    with sink_of(address).connect(address) as sending:
        sending(content)


class TestDimse(SinkContract):
    sink = "dimse"

    @classmethod
    def subject(cls):
        return SinkSubject(
            sink_of(f"dimse://A@{NOWHERE}"), f"dimse://PACS@{Peer().address}", f"dimse://A@{NOWHERE}", OBJECT
        )


class TestStow(SinkContract):
    sink = "dicomweb+http"

    @classmethod
    def subject(cls):
        cls.archive = Archive()
        here, nowhere = (f"dicomweb+http://{one}/dicom-web" for one in (cls.archive.address, NOWHERE))
        return SinkSubject(sink_of(here), here, nowhere, OBJECT)


def test_a_peer_gets_the_object_under_the_titles_of_the_address(peer):
    send(f"dimse://PACS@{peer.address}")
    send(f"dimse://PACS@{peer.address}?calling=READER")
    assert peer.got == ["1.2.3.4.7", "1.2.3.4.7"]
    assert peer.callers == {"XRAYSCAN", "READER"}


@pytest.mark.parametrize("status", [0x0111, 0xB000, 0xB006, 0xB007])
def test_what_the_peer_has_already_or_stores_with_a_warning_has_arrived(peer, status):
    peer.status = status
    send(f"dimse://PACS@{peer.address}")


def test_a_peer_that_refuses_one_object_may_take_the_next(peer):
    address = f"dimse://PACS@{peer.address}"
    with sink_of(address).connect(address) as sending:
        peer.status = 0xA700
        with pytest.raises(OutputError, match="refused with status 0xA700"):
            sending(OBJECT)
        with pytest.raises(OutputError, match="takes no objects of this kind"):
            sending(written(header(sop_class=CT)))
        peer.status = 0
        sending(OBJECT)
    assert len(peer.got) == 1


@pytest.fixture
def collected():
    """Let the collector find the sockets of handshakes that failed here, where it is expected."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Of this machine: name → certificate and key, in which it is its own authority."""
    folder = tmp_path_factory.mktemp("certificates")
    return {name: self_signed(folder / f"{name}.pem", address) for name, address in HOSTS.items()}


HOSTS = {"peer": "127.0.0.1", "other": "127.0.0.1", "elsewhere": "10.1.2.3"}


@contextlib.contextmanager
def peer_under_tls(certificate, *, lets_in=None):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=lets_in)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED if lets_in else ssl.CERT_NONE
    made = Peer(context)
    try:
        yield made
    finally:
        made.server.shutdown()


def test_under_tls_the_peers_certificate_must_be_of_an_authority_that_is_trusted(certificates, monkeypatch, collected):
    with peer_under_tls(certificates["peer"]) as peer:
        address = f"dimse+tls://PACS@{peer.address}"
        for trusted in (None, certificates["other"]):
            if trusted:
                monkeypatch.setenv("XRAYSCAN_DIMSE_CA", trusted)
            with pytest.raises(OSError, match="no certificate of this host"):
                send(address)
        monkeypatch.setenv("XRAYSCAN_DIMSE_CA", certificates["peer"])
        send(address)
    assert len(peer.got) == 1


def test_under_tls_a_certificate_of_another_host_is_refused(certificates, monkeypatch, collected):
    monkeypatch.setenv("XRAYSCAN_DIMSE_CA", certificates["elsewhere"])
    with peer_under_tls(certificates["elsewhere"]) as peer, pytest.raises(OSError, match="no certificate of this host"):
        send(f"dimse+tls://PACS@{peer.address}")
    assert peer.got == []


def test_a_peer_that_asks_for_our_certificate_gets_the_one_of_the_environment(certificates, monkeypatch, collected):
    monkeypatch.setenv("XRAYSCAN_DIMSE_CA", certificates["peer"])
    monkeypatch.setenv("XRAYSCAN_DIMSE_CERT", certificates["other"])
    monkeypatch.setenv("XRAYSCAN_DIMSE_KEY", certificates["other"])
    with peer_under_tls(certificates["peer"], lets_in=certificates["other"]) as peer:
        send(f"dimse+tls://PACS@{peer.address}")
    assert len(peer.got) == 1


def test_a_peer_that_asks_for_a_certificate_and_does_not_get_its_own_is_told_of(certificates, monkeypatch, collected):
    monkeypatch.setenv("XRAYSCAN_DIMSE_CA", certificates["peer"])
    with peer_under_tls(certificates["peer"], lets_in=certificates["other"]) as peer:
        for ours in (None, certificates["elsewhere"]):
            if ours:
                monkeypatch.setenv("XRAYSCAN_DIMSE_CERT", ours)
            with pytest.raises(OSError, match="certificate of ours"):
                send(f"dimse+tls://PACS@{peer.address}")
    assert peer.got == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_peer_that_says_nothing_once_it_speaks_tls_is_not_waited_for(certificates, monkeypatch, collected, version):
    monkeypatch.setenv("XRAYSCAN_DIMSE_CA", certificates["peer"])
    monkeypatch.setattr("xrayscan_plugins.dicom_send.CONNECT_SECONDS", 0.3)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates["peer"])
    context.maximum_version = version
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(lambda: context.wrap_socket(server.accept()[0], server_side=True))
        with pytest.raises(OSError, match="does not answer"):
            send(f"dimse+tls://PACS@127.0.0.1:{server.getsockname()[1]}")
        accepted.result().close()


def test_certificates_that_are_none_are_told_before_a_scan_and_their_variables_are_known(tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text("no certificate")
    monkeypatch.setenv("XRAYSCAN_DIMSE_CA", str(tmp_path / "ca.pem"))
    with pytest.raises(UsageError, match=r"XRAYSCAN_DIMSE_CA, .* cannot be used"):
        sink_of("dimse+tls://PACS@127.0.0.1:104")
    monkeypatch.setenv("XRAYSCAN_DICOMWEB_TOKEN", "x")
    monkeypatch.setenv("XRAYSCAN_DICMWEB_TOKEN", "x")
    told = xrayscan("models").output
    assert "XRAYSCAN_DICMWEB_TOKEN is set and means nothing" in told
    assert "XRAYSCAN_DICOMWEB" not in told
    assert "XRAYSCAN_DIMSE" not in told


def test_a_peer_of_another_title_refuses_the_association(peer):
    with pytest.raises(OSError, match="refused the association"):
        send(f"dimse://OTHER@{peer.address}")


def test_an_archive_gets_the_object_as_it_is(archive):
    archive.body = {"00081198": {"vr": "SQ"}}  # Orthanc's answer: nothing failed
    send(f"dicomweb+http://{archive.address}/dicom-web/")
    ((path, content),) = archive.got
    assert path == "/dicom-web/studies"
    assert OBJECT in content
    assert archive.logins == [None]


@pytest.mark.parametrize(
    ("status", "reason", "error", "told"),
    [
        (202, 0xA900, OutputError, "refused with failure reason 0xA900"),
        (202, 0x0111, None, ""),
        (400, None, OutputError, "refused with HTTP 400"),
        (409, None, OutputError, "refused with HTTP 409"),
        (401, None, OSError, "does not permit"),
        (404, None, OSError, "answers HTTP 404"),
        (500, None, OSError, "answers HTTP 500"),
        (307, None, OSError, "no connection"),
    ],
)
def test_an_archives_answer_is_told_in_our_own_words(archive, status, reason, error, told):
    failed = {"00081150": {"vr": "UI", "Value": [REPORT]}, "00081197": {"vr": "US", "Value": [reason]}}
    archive.status, archive.body = status, {"00081198": {"vr": "SQ", "Value": [failed]}} if reason else {}
    with pytest.raises(error, match=told) if error else contextlib.nullcontext():
        send(f"dicomweb+http://{archive.address}")
    assert all(path == "/studies" for path, _ in archive.got)  # nothing went elsewhere


def test_credentials_come_from_the_environment(archive, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login reader password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    send(f"dicomweb+http://{archive.address}")
    monkeypatch.setenv("XRAYSCAN_DICOMWEB_TOKEN", "abc")
    send(f"dicomweb+http://{archive.address}")
    assert archive.logins == ["Basic cmVhZGVyOnNlY3JldA==", "Bearer abc"]


@pytest.mark.parametrize(
    "address",
    [
        *("dimse://PACS@host", "dimse://host:104", "dimse://PACS:secret@host:104", "dimse://PACS@host:x"),
        *(f"dimse://{'A' * 17}@host:104", "dimse://PACS@host:104?calling=a%5Cb", "dimse://PACS@:104"),
        *("dicomweb+https://user:secret@host/root", "dicomweb+https:///root", "dicomweb+https://host/root?token=1"),
    ],
)
def test_an_address_that_lacks_a_part_or_holds_a_secret_is_refused_without_repeating_it(address):
    with pytest.raises(UsageError) as caught:
        sink_of(address)
    assert "secret" not in str(caught.value)
    assert "token=1" not in str(caught.value)

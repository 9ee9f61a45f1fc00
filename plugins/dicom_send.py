"""DICOM objects to an archive: C-STORE (DICOM PS3.4 annex B) and STOW-RS (PS3.18 section 10.5)."""

import contextlib
import functools
import importlib.util
import io
import os
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from xrayscan import OutputError, UsageError

from .dicomweb import client_of, server_of, told

NEEDS = "--send {}:// needs other packages: pip install 'xrayscan[dicom]'"
DUPLICATE = 0x0111  # PS3.7 C.5.8: the other side has this instance already, which is what was wanted
WARNINGS = (0xB000, 0xB006, 0xB007)  # PS3.4 B.2.3: stored, though not to the letter
CALLING = "XRAYSCAN"
TLS = "dimse+tls"
VARIABLES = ("XRAYSCAN_DIMSE_CA", "XRAYSCAN_DIMSE_CERT", "XRAYSCAN_DIMSE_KEY")  # PEM files
NO_CONNECTION = "no connection"
SILENT = "the peer does not answer as a DICOM peer does"
UNTRUSTED = "the peer has no certificate of this host by an authority that is trusted (XRAYSCAN_DIMSE_CA)"
NOT_TRUSTED = (
    "the peer ended TLS: it may want a certificate of ours (XRAYSCAN_DIMSE_CERT, XRAYSCAN_DIMSE_KEY), or another"
)
SECONDS = 60  # for an answer to an object
CONNECT_SECONDS = 10  # for a connection, an association, and the next byte of an answer that has begun
AET = re.compile(r"[!-\[\]-~]{1,16}")  # PS3.5 section 6.2, VR AE; no blanks, which an address cannot hold


class Dimse:
    """``dimse://AET@host:port``; ``?calling=AET`` gives the title under which we call, otherwise XRAYSCAN.

    ``dimse+tls://`` does so under TLS (DICOM PS3.15 B.12): the peer's certificate must be its host's, by the
    authorities of XRAYSCAN_DIMSE_CA or else the system's; XRAYSCAN_DIMSE_CERT and XRAYSCAN_DIMSE_KEY are ours, for
    peers that ask.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, address: str) -> None:
        """Raises: UsageError without pynetdicom, for an address that lacks a part or certificates that are none."""
        if importlib.util.find_spec("pynetdicom") is None:
            raise UsageError(NEEDS.format(self.name))
        _peer(address)
        self._context()

    @contextlib.contextmanager
    def connect(self, address: str) -> Iterator[Callable[[bytes], None]]:
        """Associate with the peer until all is sent."""
        host, port, called, calling = _peer(address)
        context = self._context()
        opened: list[Any] = []
        association = _associated(_entity(calling), host, port, called, context, opened.append)
        try:
            if association.is_rejected:
                raise OSError("the peer refused the association")
            if not association.is_established:
                raise OSError((context and context.trouble) or (SILENT if opened else NO_CONNECTION))
            yield functools.partial(_store, association)
        finally:
            if association.is_established:
                association.release()

    def _context(self) -> "_Context | None":
        """How TLS is spoken, if it is. Raises: UsageError."""
        if self.name != TLS:
            return None
        authorities, certificate, key = map(os.environ.get, VARIABLES)
        try:
            context = _Context(ssl.PROTOCOL_TLS_CLIENT)
            if authorities:
                context.load_verify_locations(authorities)
            else:
                context.load_default_certs()
            if certificate:
                context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"{', '.join(VARIABLES)}: these files cannot be used ({error})") from error
        return context


class _Context(ssl.SSLContext):
    """Checks the peer's certificate and host, and remembers what went wrong, which pynetdicom keeps to itself."""

    trouble = ""


class _Socket(ssl.SSLSocket):
    """Under TLS 1.3 a client hears only when it reads that its certificate will not do."""

    def do_handshake(self, block: bool = False) -> None:
        with self._noted():
            super().do_handshake(block)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        with self._noted():
            return super().recv(buflen, flags)

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError:
            self.context.trouble = UNTRUSTED  # type: ignore[attr-defined]
            raise
        except ssl.SSLError as error:
            if "ALERT" in (error.reason or ""):
                self.context.trouble = NOT_TRUSTED  # type: ignore[attr-defined]
            raise


_Context.sslsocket_class = _Socket


class Stow:
    """``dicomweb+https://host/root``, or ``dicomweb+http`` within one machine."""

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, address: str) -> None:
        """Raises: UsageError without dicomweb-client, or for an address that is not right."""
        if importlib.util.find_spec("dicomweb_client") is None:
            raise UsageError(NEEDS.format(self.name))
        parts = urlsplit(address)
        if not parts.hostname or parts.query or "@" in parts.netloc:
            raise UsageError(f"give {self.name}://host/root, and credentials in .netrc or XRAYSCAN_DICOMWEB_TOKEN")

    @contextlib.contextmanager
    def connect(self, address: str) -> Iterator[Callable[[bytes], None]]:
        """Keep the connection until all is sent."""
        yield functools.partial(_stow, client_of(server_of(address)))


def _peer(address: str) -> tuple[str, int, str, str]:
    """Host, port, called and calling title."""
    parts = urlsplit(address)
    calling = parse_qs(parts.query).get("calling", [CALLING])[-1]
    called, port = parts.username or "", None
    with contextlib.suppress(ValueError):
        port = parts.port
    if not (parts.hostname and port and parts.password is None and AET.fullmatch(called) and AET.fullmatch(calling)):
        raise UsageError("give dimse://AET@host:port, titles of 1 to 16 characters, as in dimse://PACS@pacs:11112")
    return parts.hostname, port, called, calling


def _entity(calling: str) -> Any:
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
    from pynetdicom import AE
    from pynetdicom.sop_class import ComprehensiveSRStorage, SecondaryCaptureImageStorage  # type: ignore[attr-defined]

    entity = AE(calling)
    entity.acse_timeout = entity.connection_timeout = CONNECT_SECONDS
    entity.dimse_timeout = entity.network_timeout = SECONDS
    for kind in (ComprehensiveSRStorage, SecondaryCaptureImageStorage):
        entity.add_requested_context(kind, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    return entity


def _associated(
    entity: Any, host: str, port: int, called: str, tls: ssl.SSLContext | None, opened: Callable[[Any], None]
) -> Any:
    """Ask for an association; ``opened`` hears that there is a connection."""
    from pynetdicom import evt

    def wait_for_no_byte_for_ever(event: Any) -> None:
        event.assoc.dul.socket.socket.settimeout(CONNECT_SECONDS)
        opened(event)

    handlers = [(evt.EVT_CONN_OPEN, wait_for_no_byte_for_ever)]
    tls_args = (tls, host) if tls else None
    return entity.associate(host, port, ae_title=called, tls_args=tls_args, evt_handlers=handlers)


def _store(association: Any, content: bytes) -> None:
    from pydicom import dcmread

    dataset = dcmread(io.BytesIO(content))
    try:
        answer = association.send_c_store(dataset)
    except ValueError:
        raise OutputError("the peer takes no objects of this kind") from None
    except RuntimeError:
        raise OSError("the connection was lost") from None
    if "Status" not in answer:
        raise OSError("no answer")
    if answer.Status not in (0, DUPLICATE, *WARNINGS):
        raise OutputError(f"refused with status 0x{answer.Status:04X}")


def _stow(client: Any, content: bytes) -> None:
    from pydicom import dcmread

    dataset = dcmread(io.BytesIO(content))
    with told():
        answer = client.store_instances([dataset])
    failed = answer.get("FailedSOPSequence") or []
    reasons = {int(item.get("FailureReason") or 0) for item in failed} - {DUPLICATE}
    if reasons:
        raise OutputError(f"refused with failure reason 0x{min(reasons):04X}")

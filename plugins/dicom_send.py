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
UNTRUSTED = "no connection, or no certificate of this host by an authority that is trusted (XRAYSCAN_DIMSE_CA)"
SECONDS = 60  # for an answer
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
        tls = (context, host) if context else None
        association = _entity(calling).associate(host, port, ae_title=called, tls_args=tls)
        try:
            if not association.is_established:
                refused = "the peer refused the association" if association.is_rejected else ""
                raise OSError(refused or (UNTRUSTED if tls else "no connection"))
            yield functools.partial(_store, association)
        finally:
            if association.is_established:
                association.release()

    def _context(self) -> ssl.SSLContext | None:
        """How TLS is spoken, if it is. Raises: UsageError."""
        if self.name != TLS:
            return None
        authorities, certificate, key = map(os.environ.get, VARIABLES)
        try:
            context = ssl.create_default_context(cafile=authorities)
            if certificate:
                context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"{', '.join(VARIABLES)}: these files cannot be used ({error})") from error
        return context


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
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = SECONDS
    for kind in (ComprehensiveSRStorage, SecondaryCaptureImageStorage):
        entity.add_requested_context(kind, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    return entity


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

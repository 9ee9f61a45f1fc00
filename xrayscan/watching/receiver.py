"""A C-STORE receiver: films of known peers go into a spool folder, and a success status says that they lie there.

Source: DICOM PS3.4 annex B (storage), PS3.8 section 9.3.4 (rejection), PS3.7 C.4.2.1.4.2 (status codes).
"""

import contextlib
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from xrayscan.errors import OutputError, UsageError
from xrayscan.files.text import escaped
from xrayscan.watching.spool import Spool

SUCCESS, OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000
NOT_RECOGNISED, LIMIT = (0x01, 0x01, 0x03), (0x02, 0x03, 0x02)  # result, source, reason of a rejection
THREADS = 1000  # connections that have not said yet who they are; each has REQUEST_SECONDS for that
REQUEST_SECONDS, IDLE_SECONDS, OBJECT_SECONDS = 10, 60, 600
SYNTAXES = (  # that the decoders read
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"),
    *("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"),
    *("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"),
    "1.2.840.10008.1.2.5",
)
CLASSES = (  # CR, DX for presentation and for processing, secondary capture
    *("1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1.1"),
    "1.2.840.10008.5.1.4.1.1.7",
)
MISSING = "xrayscan listen needs pynetdicom: pip install 'xrayscan[dicom]'"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where films are taken, from whom, and within which bounds. ``peers``: AE titles, or AE@HOST; none means any."""

    port: int
    aet: str = "XRAYSCAN"
    host: str = "127.0.0.1"
    peers: tuple[str, ...] = ()
    associations: int = 10  # at once
    max_bytes: int = 512_000_000  # of one object
    min_free: int = 1_000_000_000  # bytes of disk below which films are refused, for the sender to try again
    tls: tuple[str, str, str] | None = None  # files: certificate, key, and the authorities whose peers are let in

    def __post_init__(self) -> None:
        if not 0 < len(self.aet.strip()) <= 16:
            raise UsageError(f"--aet {self.aet!r}: an AE title has 1 to 16 characters")


class Receiver:
    """Serves until it is left, in threads of its own."""

    def __init__(self, spool: Spool, listening: Listening, tell: Callable[[str], None] = lambda line: None) -> None:
        self._spool, self._listening, self._tell = spool, listening, tell
        self._objects: dict[Any, tuple[int, float]] = {}  # association → bytes of the object under way, since when
        self._ae: Any = None

    @contextlib.contextmanager
    def serving(self) -> Iterator[int]:
        """Serve meanwhile; gives the port. Raises: OutputError where it is taken, UsageError without pynetdicom."""
        try:
            from pynetdicom import AE, evt
        except ImportError as error:
            raise UsageError(MISSING) from error
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # its lines hold what peers sent
        asked = self._listening
        self._ae = ae = AE(ae_title=asked.aet)
        ae.require_called_aet = True
        ae.maximum_associations = THREADS
        ae.acse_timeout, ae.dimse_timeout, ae.network_timeout = REQUEST_SECONDS, IDLE_SECONDS, IDLE_SECONDS
        for name in CLASSES:
            ae.add_supported_context(name, SYNTAXES)
        ae.add_supported_context("1.2.840.10008.1.1")  # C-ECHO
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_DATA_RECV, self._received),
            (evt.EVT_C_STORE, self._stored),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]
        try:
            context = late_handshake(*asked.tls) if asked.tls else None
            server = ae.start_server((asked.host, asked.port), block=False, evt_handlers=handlers, ssl_context=context)
        except OSError as error:
            raise OutputError(f"port {asked.port} of {asked.host}: {error.strerror or error}") from error
        try:
            yield int(server.server_address[1])  # type: ignore[union-attr]
        finally:
            ae.shutdown()

    def _opened(self, event: Any) -> None:
        """Wait for no byte for ever: a peer that stops in the middle of a message would keep a thread."""
        event.assoc.dul.socket.socket.settimeout(REQUEST_SECONDS)

    def _requested(self, event: Any) -> None:
        """Let in those who are known, as far as there is room."""
        event.assoc.dul.socket.socket.settimeout(IDLE_SECONDS)
        title, host = event.assoc.requestor.primitive.calling_ae_title.strip(), event.assoc.requestor.address
        peers = self._listening.peers
        if peers and title not in peers and f"{title}@{host}" not in peers:
            self._tell(f"{escaped(title)}@{host} is not among the peers: rejected")
            self._reject(event.assoc, NOT_RECOGNISED)
        elif sum(one.is_acceptor and one.is_established for one in self._ae.active_associations) >= (
            self._listening.associations
        ):
            self._reject(event.assoc, LIMIT)

    def _reject(self, association: Any, why: tuple[int, int, int]) -> None:
        association.acse.send_reject(*why)
        association.kill()  # waits until that is sent

    def _received(self, event: Any) -> None:
        """End an association whose object is larger, or takes longer, than any film."""
        size, since = self._objects.get(event.assoc, (0, time.monotonic()))
        self._objects[event.assoc] = size + len(event.data), since
        too_long = event.assoc.is_established and time.monotonic() - since > OBJECT_SECONDS
        if size + len(event.data) > self._listening.max_bytes or too_long:
            self._tell(f"{event.assoc.requestor.address}: an object without end; the association was ended")
            event.assoc.dul.socket.close()

    def _closed(self, event: Any) -> None:
        self._objects.pop(event.assoc, None)
        if self._listening.tls and event.assoc.requestor.primitive is None:
            self._tell(f"{event.assoc.requestor.address} was not let in: no TLS, or no certificate of --tls-ca")

    def _stored(self, event: Any) -> int:
        """Keep one film; its sender is told only then."""
        self._objects.pop(event.assoc, None)
        try:
            if self._spool.free() < self._listening.min_free:
                self._tell("the disk of the spool is nearly full: films are refused until there is room")
                return OUT_OF_RESOURCES
            self._spool.keep(str(event.request.AffectedSOPInstanceUID), event.encoded_dataset())
        except OSError as error:
            self._tell(f"a film could not be kept ({error.strerror}): its sender is told to try again")
            return OUT_OF_RESOURCES
        except OutputError:
            return CANNOT_UNDERSTAND
        return SUCCESS


class _LateHandshake(ssl.SSLContext):
    """Shakes hands in the association's own thread: in the server's, one silent peer would keep out all others."""

    def wrap_socket(self, sock: Any, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap, and let the first read do the rest."""
        return super().wrap_socket(sock, *args, **options | {"do_handshake_on_connect": False})


def late_handshake(certificate: str, key: str, authorities: str) -> ssl.SSLContext:
    """A server's TLS context that lets in only peers with a certificate of these authorities. Raises: UsageError."""
    context = _LateHandshake(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"TLS: {certificate}, {key} or {authorities} cannot be used ({error})") from error
    return context

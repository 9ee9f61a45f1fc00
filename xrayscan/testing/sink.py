"""A contract that every sink keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import SinkContract

class TestTray(SinkContract):
    sink = "tray"
    address, unreachable = "tray://ward", "tray://nowhere"
    file = b"..."

Where a server has to be started first, override `subject` and return a `SinkSubject`.
"""

from dataclasses import dataclass
from operator import attrgetter

from xrayscan.errors import UsageError
from xrayscan.report.sink import Sink
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light, refuses, registered


@dataclass(frozen=True)
class SinkSubject:
    """A sink, an address where somebody listens, one where nobody does, and a file that is taken."""

    sink: Sink
    address: str
    unreachable: str
    file: bytes


def check_registration(subject: SinkSubject) -> None:
    """It has all that a sink has, under a name that is the scheme of its addresses."""
    assert_registrable("sinks", subject.sink)
    assert all(one.startswith(f"{subject.sink.name}://") for one in (subject.address, subject.unreachable))


check_light_registration = light("sinks", attrgetter("sink"))


def check_address(subject: SinkSubject) -> None:
    """An address is looked at without connecting, and refused if it holds a password."""
    subject.sink.check(subject.address)
    subject.sink.check(subject.unreachable)
    secret = subject.address.replace("://", "://somebody:secret@", 1)
    refuses(UsageError, lambda: subject.sink.check(secret), "an address that holds a password is not refused")


def check_sending(subject: SinkSubject) -> None:
    """A file is taken, and taken again where nobody knows whether it arrived."""
    for _ in range(2):
        with subject.sink.connect(subject.address) as send:
            send(subject.file)


def check_unreachable(subject: SinkSubject) -> None:
    """Where nobody listens, it raises an OSError, so that the other files are not tried in vain."""

    def send() -> None:
        with subject.sink.connect(subject.unreachable) as send:
            send(subject.file)

    refuses(OSError, send, "nobody listens, and it does not say so")


CLAUSES = clauses_of(__name__)


class SinkContract(Contract):
    """Subclass this in a test module, give what is asked for below, and pytest runs one test per clause."""

    sink: str  # as registered
    address: str
    unreachable: str
    file: bytes
    edge, clauses = "sinks", CLAUSES

    @classmethod
    def subject(cls) -> SinkSubject:
        """What is tried."""
        return SinkSubject(registered("sinks", cls.sink), cls.address, cls.unreachable, cls.file)

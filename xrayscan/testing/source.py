"""A contract that every place of images keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import SourceContract

class TestShelf(SourceContract):
    source = "shelf"
    address = "shelf://ward"
    files = {"shelf://ward/a.png": b"...", "shelf://ward/b.png": b"..."}
    absent = "shelf://ward/absent.png"

Where a server has to be started first, override `subject` and return a `SourceSubject`.
"""

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.interface import Opened, Place, Search, Writable
from xrayscan.sources.source import IDENTITY, Source
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light


@dataclass(frozen=True)
class SourceSubject:
    """A place, an address, what lies there, and an address of nothing."""

    place: Place
    address: str
    files: Mapping[str, bytes]  # at and below ``address``, by their own addresses
    absent: str

    def found(self, *addresses: str) -> dict[str, Source]:
        """What it finds, by path; nothing twice."""
        sources = list(self.place.find(addresses, Search()))
        found = {source.path: source for source in sources}
        assert len(found) == len(sources), "a file is found twice"
        return found


def check_registration(subject: SourceSubject) -> None:
    """It has all that a place has, under a name that is a scheme, and there is a file to try it on."""
    assert_registrable("sources", subject.place)
    assert subject.files, "give it a file at least"
    assert all(address.startswith(subject.address) for address in (*subject.files, subject.absent))


def check_listing(subject: SourceSubject) -> None:
    """Every file at and below an address is found once, under an address of its own, with its size."""
    found = subject.found(subject.address)
    assert set(found) == set(subject.files)
    for path, source in found.items():
        assert source.source == path, "source and path are both the address"
        assert source.reason is None, f"{path}: {source.reason}"
        assert source.size == len(subject.files[path])


def check_one_file(subject: SourceSubject) -> None:
    """A file is found by its own address, and several by theirs."""
    for path in subject.files:
        assert list(subject.found(path)) == [path]
    assert set(subject.found(*subject.files)) == set(subject.files)
    assert not subject.found()


def check_identity(subject: SourceSubject) -> None:
    """An unchanged file is known again, however it was found."""
    listed, named = subject.found(subject.address), subject.found(*subject.files)
    for path in subject.files:
        identity = [getattr(listed[path], name) for name in IDENTITY]
        assert identity == [getattr(named[path], name) for name in IDENTITY]
        assert any(identity[1:]), f"{path}: nothing but its size tells one state of it from another"


def check_nothing_there(subject: SourceSubject) -> None:
    """An address of nothing yields nothing, or a source that says so; opening it is refused in words of its own."""
    for source in subject.found(subject.absent).values():
        assert source.code is Code.NOT_FOUND, source
        assert_phrase(source.reason or "", [subject.absent])
    refusal = _refusal(subject)
    assert refusal is None or refusal.code is Code.NOT_FOUND, f"{subject.absent}: {refusal}"
    assert_phrase(str(refusal or "the system's own"), [subject.absent])


def check_reading(subject: SourceSubject) -> None:
    """All bytes of a file are read, or the first of them, each file opened anew or once for both."""
    for path, content in subject.files.items():
        for read in (_whole, _head_then_whole, _long_head_then_whole):
            opened = subject.place.open(path)
            assert read(opened, content) == content, f"{path}: other bytes came ({read.__name__.strip('_')})"
            assert opened.size == len(content)
        assert subject.place.open(path).head(4) == content[:4]


def check_writing(subject: SourceSubject) -> None:
    """One that keeps reports keeps them whole, replaces them, and deletes what is there and what is not."""
    place, address = subject.place, f"{subject.address.rstrip('/')}/kept report.csv"
    if not isinstance(place, Writable):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.csv")
        for content in (b"first", b"", b"the second one"):
            with open(path, "wb") as file:
                file.write(content)
            place.put(address, path)
            assert place.open(address).whole() == content
    for _ in range(2):
        place.remove(address)
    assert not [found for found in place.find([address], Search()) if found.reason is None], "it was not removed"


check_light_registration = light("sources", attrgetter("place"))


def assert_phrase(reason: str, addresses: Iterable[str]) -> None:
    """Assert that a reason is one line that names no address."""
    assert reason.strip(), "no reason is given"
    assert reason.isprintable(), f"not one line: {reason!r}"
    assert not any(address in reason for address in addresses), f"a reason names an address: {reason!r}"


def _refusal(subject: SourceSubject) -> DecodeError | None:
    """Why what is absent is not read; None where the system says it."""
    try:
        subject.place.open(subject.absent).whole()
    except DecodeError as error:
        return error
    except OSError:
        return None
    raise AssertionError(f"{subject.absent} was read, and is not there")


def _whole(opened: Opened, content: bytes) -> bytes:
    return opened.whole()


def _head_then_whole(opened: Opened, content: bytes) -> bytes:
    assert opened.head(2) == content[:2]
    return opened.whole()


def _long_head_then_whole(opened: Opened, content: bytes) -> bytes:
    assert opened.head(len(content) + 9) == content
    return opened.whole()


CLAUSES = clauses_of(__name__)


class SourceContract(Contract):
    """Subclass this in a test module, name the source and files that it has, and pytest runs one test per clause."""

    source: str  # its scheme, as registered
    address: str  # a folder, a bucket, a study: what `find` goes down into
    files: Mapping[str, bytes]  # everything there, by address, each of more than 4 bytes
    absent: str  # below ``address``
    edge, clauses = "sources", CLAUSES

    @classmethod
    def subject(cls) -> SourceSubject:
        """The place, and what it holds."""
        return SourceSubject(super().subject(), cls.address, cls.files, cls.absent)

"""What a place that holds images gives: sources, and the bytes of each.

A place lists what it holds as `Source`, and opens a file by nothing but the path that the source has, so that whatever
reads it again later (a heatmap, ``show``) needs no more than a record says.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from xrayscan.sources.source import Source


class Opened(Protocol):
    """A file whose bytes can be read. Both methods raise what `Place.open` does."""

    @property
    def size(self) -> int:
        """Bytes, as the place says; never are more read."""
        ...

    def head(self, count: int) -> bytes:
        """Return the first bytes without reading the rest."""
        ...

    def whole(self) -> bytes:
        """Return all bytes, checked against the checksum where the place keeps one."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file whose bytes have come already."""

    content: bytes

    @property
    def size(self) -> int:
        """All of them."""
        return len(self.content)

    def head(self, count: int) -> bytes:
        """The first of them."""
        return self.content[:count]

    def whole(self) -> bytes:
        """The bytes themselves."""
        return self.content


@dataclass(frozen=True, slots=True)
class Search:
    """What a scan asks for beside addresses. Whoever lists may save itself the work; it is seen to afterwards too."""

    archives: bool = True  # walk archives as folders
    exclude: tuple[str, ...] = ()  # patterns as in a .gitignore file


class Place(Protocol):
    """Where images lie: a file system, an object store, a DICOMweb server.

    What goes wrong with one file or address is its record, never the end of a scan: `find` yields a `Source` with a
    ``reason`` and its `Code`, `open` and what it returns raise DecodeError with both, or OSError. A reason is a phrase
    that names neither the address nor what the other side said. The codes: NOT_FOUND (404), NOT_PERMITTED (401, 403),
    TRUNCATED (fewer bytes than were announced), CHANGED, UNREADABLE (whatever else stands in the way, once the place's
    own retries are used up). A UsageError says that nothing can be read at all: a package that is not installed.
    """

    @property
    def name(self) -> str:
        """The scheme: addresses that begin with ``NAME://`` are this place's. ``file`` has all paths without one."""
        ...

    def find(self, addresses: Iterable[str], search: Search) -> Iterator[Source]:
        """Yield every file at and below each address, as listed; `in_threads` asks for several at a time.

        ``source`` and ``path`` are both the file's address, which begins with the one that was given, and all of
        `IDENTITY` tells one state of the file from another (`Source.from_tag`). Hidden names, exclusions, archives,
        addresses of which nothing came and those given twice are seen to by whoever calls. Addresses hold no
        credentials: those come from the environment.
        """
        ...

    def open(self, address: str) -> Opened:
        """Open one file, in any process. It is read once or not at all, so it may be opened as it is read."""
        ...


@runtime_checkable
class Writable(Place, Protocol):
    """What a `Place` also is that keeps reports: ``--out NAME://…``.

    Both methods may be called from several threads at once, and raise OutputError with a phrase that names neither the
    address nor what the other side said, or UsageError where nothing can be written at all.
    """

    def put(self, address: str, path: str) -> None:
        """Keep a file of this machine under an address, in place of what is there: whole, or not at all."""
        ...

    def remove(self, address: str) -> None:
        """Delete the file of this address, if there is one."""
        ...

"""A source: two films in memory, where a server or a database would be asked."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

from xrayscan import Code, DecodeError, Fetched, Place, Search, Source, hookimpl

FILMS = {f"my-plugin://ward/{number}.pgm": b"P5 2 1 255\n" + bytes((0, number)) for number in (1, 2)}


class MyPlugin:
    """What addresses that begin with ``my-plugin://`` lead to."""

    name = "my-plugin"

    def find(self, addresses: Iterable[str], search: Search) -> Iterator[Source]:
        """Yield every film at and below each address; the tag tells one state of a film from another."""
        for address in addresses:
            below = f"{address.rstrip('/')}/"
            for film in sorted(film for film in FILMS if film == address or film.startswith(below)):
                yield Source.from_tag(film, len(FILMS[film]), tag=hashlib.sha256(FILMS[film]).hexdigest())

    def open(self, address: str) -> Fetched:
        """Fetch one film, in any process, by nothing but its address. Raises: DecodeError with what is wrong."""
        try:
            return Fetched(FILMS[address])
        except KeyError:
            raise DecodeError(Code.NOT_FOUND, "no such film") from None


@hookimpl
def register_sources(register: Callable[[Place], None]) -> None:
    """Offer the source."""
    register(MyPlugin())

"""Files wherever they lie: in the file system, or in a place of a plugin, told by the scheme of their addresses."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping

from xrayscan.errors import Code, DecodeError, XrayscanError
from xrayscan.plugin.manager import load_registry
from xrayscan.sources import reading
from xrayscan.sources.address import LOCAL, hidden_below, named_as_archive, scheme
from xrayscan.sources.archives import CLOSED
from xrayscan.sources.credentials import REASON, without_credentials
from xrayscan.sources.exclusions import Exclusions
from xrayscan.sources.interface import Place, Search
from xrayscan.sources.local import LOCAL_FILES
from xrayscan.sources.reading import MAX_FILE_BYTES
from xrayscan.sources.source import Source

ARCHIVE = "archive outside the file system, which is not read: copy it to a folder"
NO_PLUGIN = "no plugin reads {}:// addresses"
NOTHING = "nothing found at this address"


def discover(paths: Iterable[str | Source], *, archives: bool = True, exclude: Iterable[str] = ()) -> Iterator[Source]:
    """Find every file at and below ``paths``, each once: first those of the file system, then those of other places.

    An address yields one source at least, an empty folder none. Raises: UsageError for a pattern that is none, or a
    place that cannot be used at all.
    """
    search = Search(archives, tuple(exclude))
    addresses: dict[str, None] = {}
    yield from LOCAL_FILES.find(_without_addresses(paths, addresses), search)
    if not addresses:
        return
    yield from _with_credentials(addresses)
    exclusions = Exclusions.from_patterns(search.exclude)
    for address in addresses:
        exclusions.add_root(f"{address.removesuffix('/')}/")
    for name in dict.fromkeys(map(scheme, addresses)):
        named = [address for address in addresses if scheme(address) == name]
        yield from exclusions.applied(_of_place(name, named, search))


def finds_nothing(paths: Iterable[str | Source], *, archives: bool = True, exclude: Iterable[str] = ()) -> bool:
    """Whether `discover` would yield nothing, told by the first file or address; no place of a plugin is asked."""
    addresses: dict[str, None] = {}
    local = LOCAL_FILES.find(_without_addresses(paths, addresses), Search(archives, tuple(exclude)))
    return next(local, None) is None and not addresses


def read_file(path: str, head_ok: Callable[[bytes], None] | None = None, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """As `reading.read_file`, from the place that the path names."""
    if scheme(path) == LOCAL:
        return reading.read_file(path, head_ok, max_bytes=max_bytes)
    with _place(path) as place:
        return reading.read_file(path, head_ok, max_bytes=max_bytes, place=place)


def read_head(path: str) -> bytes:
    """As `reading.read_head`, from the place that the path names."""
    if scheme(path) == LOCAL:
        return reading.read_head(path)
    with _place(path) as place:
        return reading.read_head(path, place=place)


@functools.cache
def installed_sources() -> Mapping[str, Place]:
    """Every place that is installed, by its scheme."""
    return load_registry().sources


def _without_addresses(paths: Iterable[str | Source], addresses: dict[str, None]) -> Iterator[str | Source]:
    """Pass on what lies in the file system; put off the rest."""
    for path in paths:
        if isinstance(path, Source) or scheme(path) == LOCAL:
            yield path
        else:
            name = scheme(path)
            addresses[name + path[len(name) :]] = None


def _with_credentials(addresses: dict[str, None]) -> Iterator[Source]:
    """Take out the addresses that hold credentials. Their records tell them apart by number."""
    shown: dict[str, int] = {}
    for address in list(addresses):
        if (safe := without_credentials(address)) != address:
            del addresses[address]
            shown[safe] = count = shown.get(safe, 0) + 1
            name = safe if count == 1 else f"{safe} ({count})"
            yield Source(name, name, reason=REASON, code=Code.BAD_ADDRESS)


def _of_place(name: str, addresses: list[str], search: Search) -> Iterator[Source]:
    place = installed_sources().get(name)
    if place is None:
        for address in addresses:
            yield Source(address, address, reason=NO_PLUGIN.format(name), code=Code.BAD_ADDRESS)
        return
    roots = frozenset(addresses)
    for found in _listed(place, addresses, search):
        yield found if found.reason else _passed_over(found, roots, search)


def _listed(place: Place, addresses: list[str], search: Search) -> Iterator[Source]:
    """List what is at and below the addresses: an address below another one only if it did not come with that.

    A place that fails costs the addresses of which nothing has come, or a record of its own.
    """
    waiting = dict.fromkeys(addresses)
    inner = {address for address in addresses if any(above in waiting for above in _above(address))}
    problem, code = NOTHING, Code.NOT_FOUND
    try:
        for found in place.find([address for address in addresses if address not in inner], search):
            _met(found, waiting)
            yield found
        for found in place.find([address for address in addresses if address in inner and address in waiting], search):
            _met(found, waiting)
            yield found
    except XrayscanError:
        raise
    except Exception as error:
        problem, code = f"the listing broke off: {type(error).__name__} in source {place.name}", Code.UNREADABLE
        waiting = waiting or dict.fromkeys(addresses[:1])
    for address in waiting:
        yield Source(address, address, reason=problem, code=code)


def _met(found: Source, waiting: dict[str, None]) -> None:
    waiting.pop(found.path, None)
    for above in _above(found.path):
        waiting.pop(above, None)


def _above(address: str) -> Iterator[str]:
    """Yield the addresses that this one lies below, with and without a slash at the end."""
    at = address.find("/", address.find("://") + 3)
    while at >= 0:
        yield address[:at]
        if at + 1 < len(address):
            yield address[: at + 1]
        at = address.find("/", at + 1)


def _passed_over(found: Source, roots: frozenset[str], search: Search) -> Source:
    """Give a hidden file or an archive its reason."""
    root = next((above for above in (found.path, *_above(found.path)) if above in roots), found.path)
    hidden = hidden_below(found.path[len(root) :].lstrip("/"))
    if hidden:
        return Source(found.source, found.path, reason=hidden, code=Code.HIDDEN)
    if not named_as_archive(found.path):
        return found
    if search.archives:
        return Source(found.source, found.path, reason=ARCHIVE, code=Code.UNSUPPORTED_ARCHIVE)
    return Source(found.source, found.path, reason=CLOSED, code=Code.EXCLUDED)


@contextlib.contextmanager
def _place(path: str) -> Iterator[Place]:
    """Give the plugin's place that an address names; what fails in it costs this file, and is not quoted."""
    name = scheme(path)
    place = installed_sources().get(name)
    if place is None:
        raise DecodeError(Code.BAD_ADDRESS, NO_PLUGIN.format(name))
    try:
        yield place
    except DecodeError:
        raise
    except Exception as error:
        problem = f"not read: {type(error).__name__} in source {name}"
        raise DecodeError(Code.UNREADABLE, problem) from error

"""Archives as folders: each file in one is a source of its own. Nothing is ever written to disk."""

import os
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.address import MARK, hidden_below, named_as_archive
from xrayscan.sources.archive_file import ABSENT, Archive
from xrayscan.sources.blob import FileBlob, LimitError
from xrayscan.sources.members import MAX_DEPTH, Budget, Member
from xrayscan.sources.source import Source
from xrayscan.sources.system_error import code_of, why

CLOSED = "archive, not opened (--no-archives)"
TOO_DEEP = f"archive within more than {MAX_DEPTH - 1} archives: unpack it"
EMPTY = "archive without files"
BESIDE = "archive beside a folder that is called like its inside: rename one of them"


def walk_archive(found: Source, *, closed: bool = False) -> Iterator[Source]:
    """Yield every file in an archive that was found, or the archive itself where it is none, or to stay ``closed``.

    An archive that is damaged, too large or empty yields one source for itself, beside what could be listed.
    """
    try:
        blob = FileBlob(found.path)
        archive = Archive.recognised(blob, blob.size)
        if archive is not None and os.path.lexists(found.path + MARK[0]):
            raise DecodeError(Code.UNREADABLE, BESIDE)
    except (OSError, DecodeError) as error:
        yield _refused(found, error)
        return
    if archive is None:
        yield found
    elif closed:
        yield Source(found.source, found.path, reason=CLOSED, code=Code.EXCLUDED)
    else:
        try:
            yield from _walk(archive, found, Budget(blob.size), 1)
        except LimitError as error:
            yield _refused(found, error)


class NamedMembers:
    """Files and folders within archives that were named themselves: ``ward.zip!/study``."""

    def __init__(self) -> None:
        self._named: dict[str, dict[str, str]] = {}  # archive → address without an end slash → as given

    def add(self, source: str, archive: str, names: tuple[str, ...]) -> None:
        """Put off one of them. ``archive`` is an absolute path."""
        address = MARK.join((archive, *names)).rstrip("/")
        self._named.setdefault(archive, {}).setdefault(address, source.rstrip("/"))

    def sources(self, walked: Container[str], *, closed: bool) -> Iterator[Source]:
        """Yield what lies under each name, once, unless its archive was ``walked`` as a whole."""
        for archive, addresses in sorted(self._named.items()):
            if archive not in walked:
                yield from _parts(archive, addresses, closed)


def _parts(archive: str, addresses: Mapping[str, str], closed: bool) -> Iterator[Source]:
    missing, problem, code = dict(addresses), ABSENT, Code.NOT_FOUND
    for found in walk_archive(Source.from_status(archive, archive, os.stat(archive)), closed=closed):
        under = [address for address in addresses if f"{found.path}/".startswith((f"{address}/", f"{address}{MARK}"))]
        for address in under:
            missing.pop(address, None)
        if under:
            yield replace(found, source=addresses[under[0]] + found.path[len(under[0]) :])
        elif found.path == archive:
            problem, code = found.reason or "not an archive", found.code or Code.MISNAMED
    for address, source in missing.items():
        yield Source(source, address, reason=problem, code=code)


def _walk(archive: Archive, found: Source, budget: Budget, depth: int) -> Iterator[Source]:
    """Yield what an archive holds, and what the archives in it hold. Raises: LimitError for all of them together."""
    members, problem = archive.all_members()
    for member in members:
        budget.take(member)
    for member in members:
        yield from _one(archive, member, found, budget, depth)
    if problem:
        yield _refused(found, problem)
    elif not members:
        yield Source(found.source, found.path, reason=EMPTY, code=Code.NOT_AN_IMAGE)


def _one(archive: Archive, member: Member, found: Source, budget: Budget, depth: int) -> Iterator[Source]:
    source, path = f"{found.source}{MARK}{member.name}", f"{found.path}{MARK}{member.name}"
    here = replace(found, source=source, path=path, size=member.size)  # as old as its archive
    if member.reason:
        yield Source(source, path, reason=member.reason, code=member.code)
    elif hidden := hidden_below(member.name):
        yield Source(source, path, reason=hidden, code=Code.HIDDEN)
    elif not named_as_archive(member.name):
        yield here
    elif depth >= MAX_DEPTH:
        yield Source(source, path, reason=TOO_DEEP, code=Code.ARCHIVE_TOO_LARGE)
    else:
        yield from _within(archive, member, here, budget, depth)


def _within(archive: Archive, member: Member, here: Source, budget: Budget, depth: int) -> Iterator[Source]:
    try:
        inner = archive.recognised_within(member)
    except (OSError, DecodeError) as error:
        yield _refused(here, error)
        return
    if inner is None:
        yield here
    else:
        yield from _walk(inner, here, budget, depth + 1)


def _refused(found: Source, error: OSError | DecodeError) -> Source:
    code, reason = (code_of(error), why(error)) if isinstance(error, OSError) else (error.code, str(error))
    return Source(found.source, found.path, reason=reason, code=code)

"""Paths as given → sources: every path found becomes one, lazily, and no file or folder is met twice."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xrayscan.errors import Code
from xrayscan.sources.address import MARK, hidden_kind, is_hidden, named_as_archive, split
from xrayscan.sources.archives import NamedMembers, walk_archive
from xrayscan.sources.dicomdir import is_dicomdir, listed
from xrayscan.sources.exclusions import Exclusions, excluded
from xrayscan.sources.source import Source
from xrayscan.sources.system_error import code_of, why

OPEN_FOLDERS = 64  # listed at once on the way down; below that, folders wait, so file handles cannot run out

NO_NAME = "not a name that a file can have"
FOLDER_AGAIN = "leads back to a folder already found"
FILE_AGAIN = "another name of a file already found"
BROKEN_LINKS = {errno.ELOOP: "link loop", errno.ENOENT: "dangling link", errno.ENOTDIR: "dangling link"}
KINDS = {
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def discover(paths: Iterable[str | Source], *, archives: bool = True, exclude: Iterable[str] = ()) -> Iterator[Source]:
    """Find every file at and below ``paths``, in no particular order, each once; only archives are opened.

    Archives are walked as folders, and what lies in one may also be named (``ward.zip!/study``); without ``archives``
    each of them yields one source that says so.

    Names are yielded as they are listed, so that work starts at once. Links come last, in sorted order: which of two
    names of a file counts then depends on the names, never on the order of a folder. Memory grows with the number of
    folders, links and named paths, not with the files in the folders. A path that is named twice, or named and also
    found below a named folder, is one path and yields one source. A source among ``paths`` is passed on as it is.

    ``exclude``: patterns as in a .gitignore file, see `Exclusions`; what they match yields a source that says so, and
    a folder that they match is not entered. Raises: UsageError for a pattern that is none.
    """
    inside, exclusions = NamedMembers(), Exclusions.from_patterns(exclude)
    walked: set[str] = set()
    for found in exclusions.applied(_on_disk(paths, inside, exclusions)):
        if found.reason is None and named_as_archive(found.path):
            walked.add(found.path)
            yield from exclusions.applied(walk_archive(found, closed=not archives))
        else:
            yield found
    yield from exclusions.applied(inside.sources(walked, closed=not archives))


def as_folder(path: str) -> str:
    """Return the path that what lies below it begins with: an archive's with a ``!`` behind it."""
    return f"{path}{MARK[0]}" if named_as_archive(path) and os.path.isfile(path) else path


def subfolders(folder: str) -> list[str]:
    """Name the folders in a folder, also in one within an archive, in order; hidden ones, and links that loop, are left
    out.

    Raises: OSError.
    """
    if split(os.path.join(folder, "")) is None:
        return sorted(entry.name for entry in os.scandir(folder) if not is_hidden(entry.name) and _is_folder(entry))
    below = (found.source.removeprefix(folder).split("/") for found in discover([os.path.join(folder, "")]))
    return sorted({parts[1] for parts in below if len(parts) > 2 and not is_hidden(parts[1])})


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _on_disk(paths: Iterable[str | Source], inside: NamedMembers, exclusions: Exclusions) -> Iterator[Source]:
    """Yield what the file system holds; paths that lead into archives are put off."""
    walk = _Walk(exclusions)
    for source in paths:
        if isinstance(source, Source):
            yield source
        elif place := split(source):
            inside.add(source, _absolute(place[0]), place[1])
        else:
            yield from walk.argument(source)
    yield from walk.follow_links()


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder that is being listed."""

    source: str
    path: str
    identity: int
    entries: "os._ScandirIterator[str]"
    prefix: str  # source with a separator at its end


class _Walk:
    """What was found so far: every folder, but of the files only those that could be met under a second name."""

    def __init__(self, exclusions: Exclusions) -> None:
        self._exclusions = exclusions
        self._folders: set[int] = set()  # listed, by device and inode
        self._roots: set[str] = set()  # absolute paths of the folders named as arguments
        self._files: dict[tuple[int, str], str] = {}  # named files and targets of links → absolute path
        self._links: dict[str, str] = {}  # put off: absolute path → source
        self._followed: set[str] = set()

    def argument(self, source: str) -> Iterator[Source]:
        """Find one argument and what lies below it, or is listed in it, a DICOMDIR; a link is put off."""
        if not source or "\0" in source:  # an empty name would be the working folder, which nobody asked for
            yield Source(source, source, reason=NO_NAME, code=Code.NOT_FOUND)
            return
        path = _absolute(source)
        try:
            status = os.lstat(path)
            if os.path.isdir(path):
                self._exclusions.add_root(source)
            if stat.S_ISLNK(status.st_mode):
                self._links.setdefault(path, source)
            elif stat.S_ISDIR(status.st_mode):
                self._roots.add(path)
                yield from self._walk(source, path)
            elif not self._is_found(key := _key(path)):
                self._files[key] = path
                yield _candidate(source, path, status)
                for name in listed(path) if is_dicomdir(path) and stat.S_ISREG(status.st_mode) else ():
                    yield from self.argument(os.path.join(os.path.dirname(source), name))
        except OSError as error:
            reason = "no such file or folder" if error.errno == errno.ENOENT else why(error)
            yield Source(source, path, reason=reason, code=code_of(error))

    def follow_links(self) -> Iterator[Source]:
        """Follow the links that were put off, and those found on the way after them."""
        while self._links:
            links = sorted((source, path) for path, source in self._links.items())
            self._followed.update(self._links)
            self._links = {}
            for source, path in links:
                yield from self._follow(source, path)

    def _follow(self, source: str, path: str) -> Iterator[Source]:
        try:
            status = os.stat(path)
            key = _key(os.path.realpath(path))
        except OSError as error:
            if broken := BROKEN_LINKS.get(error.errno or 0):
                yield Source(source, path, reason=broken, code=Code.BROKEN_LINK)
            else:
                yield Source(source, path, reason=why(error), code=code_of(error))
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._walk(source, path)
        elif self._is_found(key):
            yield Source(source, path, reason=FILE_AGAIN, code=Code.FOUND_ALREADY)
        else:
            self._files[key] = path
            yield _candidate(source, path, status)

    def _is_found(self, key: tuple[int, str]) -> bool:
        """Whether a real file, as its folder's identity and its name, was yielded. Hidden ones were skipped."""
        folder, name = key
        return key in self._files or (folder in self._folders and not is_hidden(name))

    def _walk(self, source: str, path: str) -> Iterator[Source]:
        """Go down from one folder, with a stack of our own, so that no depth is too deep."""
        waiting = [(source, path)]
        opened: list[_Folder] = []
        try:
            while waiting or opened:
                if waiting and len(opened) < OPEN_FOLDERS:
                    yield from self._enter(*waiting.pop(), opened)
                else:
                    yield from self._list(opened, waiting)
        finally:
            for folder in opened:
                folder.entries.close()

    def _enter(self, source: str, path: str, opened: list[_Folder]) -> Iterator[Source]:
        try:
            identity = _identity(os.stat(path))
            if identity not in self._folders:
                opened.append(_Folder(source, path, identity, os.scandir(path), os.path.join(source, "")))
                self._folders.add(identity)  # only now: a link into a folder that cannot be listed is worth following
            elif path not in self._roots:
                yield Source(source, path, reason=FOLDER_AGAIN, code=Code.FOUND_ALREADY)
        except OSError as error:
            yield Source(source, path, reason=f"unreadable folder: {why(error)}", code=code_of(error))

    def _list(self, opened: list[_Folder], waiting: list[tuple[str, str]]) -> Iterator[Source]:
        """Yield what the topmost folder holds, until a folder to go down into is met or it ends."""
        folder = opened[-1]
        try:
            for entry in folder.entries:
                found = self._entry(folder, entry, waiting)
                if found is not None:
                    yield found
                if waiting and len(opened) < OPEN_FOLDERS:
                    return
        except OSError as error:
            yield Source(folder.source, folder.path, reason=f"unreadable folder: {why(error)}", code=code_of(error))
        folder.entries.close()
        opened.pop()

    def _entry(self, folder: _Folder, entry: "os.DirEntry[str]", waiting: list[tuple[str, str]]) -> Source | None:
        """Return what one entry is; None for a folder (now waiting), a link (put off) and a path known already."""
        source, path = folder.prefix + entry.name, entry.path
        try:
            known = self._files.get((folder.identity, entry.name))
            if known is not None:
                return None if known == path else Source(source, path, reason=FILE_AGAIN, code=Code.FOUND_ALREADY)
            if is_hidden(entry.name):
                return None if path in self._roots else _hidden(source, path, entry)
            if self._exclusions.any and path not in self._roots and self._exclusions.cover(source, os.path.isdir(path)):
                return excluded(source, path)
            if entry.is_symlink():
                if path not in self._followed:
                    self._links.setdefault(path, source)
                return None
            if entry.is_dir(follow_symlinks=False):
                waiting.append((source, path))
                return None
            return _candidate(source, path, entry.stat(follow_symlinks=False))
        except FileNotFoundError:
            return Source(source, path, reason="file vanished during the scan", code=Code.VANISHED)
        except OSError as error:
            return Source(source, path, reason=why(error), code=code_of(error))


def _candidate(source: str, path: str, status: os.stat_result) -> Source:
    if stat.S_ISREG(status.st_mode):
        return Source.from_status(source, path, status)
    kind = KINDS.get(stat.S_IFMT(status.st_mode), "special file")
    return Source(source, path, reason=f"{kind}, not a regular file", code=Code.NOT_A_FILE)


def _hidden(source: str, path: str, entry: "os.DirEntry[str]") -> Source:
    reason = hidden_kind(entry.name, is_folder=entry.is_dir(follow_symlinks=False))
    return Source(source, path, reason=reason, code=Code.HIDDEN)


def _identity(status: os.stat_result) -> int:
    return status.st_dev << 64 | status.st_ino  # one number takes half the memory of a pair


def _key(path: str) -> tuple[int, str]:
    """Name a file by its folder's identity and its own name: the same for all absolute paths that lead to it."""
    folder, name = os.path.split(path)
    return _identity(os.stat(folder)), name


def _absolute(source: str) -> str:
    """Return the absolute path. ``link/..`` is not where the link is, so it is resolved as the system would."""
    if ".." not in source.split(os.sep):
        return os.path.abspath(source)
    folder, name = os.path.split(source.rstrip(os.sep))
    return os.path.realpath(source) if name in ("", ".", "..") else os.path.join(os.path.realpath(folder), name)

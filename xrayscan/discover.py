"""Paths as given → sources: every path found becomes one, lazily, and no file or folder is met twice."""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from xrayscan.errors import DecodeError

MAX_FILE_BYTES = 1 << 30  # the largest radiographs are some 100 MB; beyond 1 GiB it is an archive or a video
HEAD_BYTES = 4096  # enough for every signature, the DICOM preamble (132 bytes) and the first elements
PATH_BYTES = 4096  # PATH_MAX of Linux: a NUL-separated list holds its first NUL within so many bytes
OPEN_FOLDERS = 64  # listed at once on the way down; below that, folders wait, so file handles cannot run out

FOLDER_AGAIN = "leads back to a folder already found"
FILE_AGAIN = "another name of a file already found"
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})  # .DS_Store is hidden by its dot
KINDS = {
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One path that was found: a candidate, or with a reason why it cannot even be opened as one.

    Both paths may hold surrogate escapes (PEP 383) where a name is not UTF-8. ``size`` is in bytes, ``mtime_ns`` in
    nanoseconds since 1970; both are 0 for a path with a reason.
    """

    source: str  # the path as given plus what lies below it
    path: str  # absolute; links are not resolved
    size: int = 0
    mtime_ns: int = 0
    reason: str | None = None
    ignored: bool = False


def discover(paths: Iterable[str]) -> Iterator[Source]:
    """Find every file at and below ``paths``, in no particular order, each once and none of them opened.

    Names are yielded as they are listed, so that work starts at once. Links come last, in sorted order: which of two
    names of a file counts then depends on the names, never on the order of a folder. Memory grows with the number of
    folders, links and named paths, not with the files in the folders. A path that is named twice, or named and also
    found below a named folder, is one path and yields one source.
    """
    walk = _Walk()
    for source in paths:
        yield from walk.argument(source)
    yield from walk.follow_links()


def read_list(stream: BinaryIO) -> Iterator[str]:
    """Read path names, as they arrive, from a list separated by NUL bytes or else by newlines (also CRLF).

    Empty names are skipped. Newline-separated lists may start with a UTF-8 byte order mark.
    """
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)  # read1 returns what a pipe holds by now
    buffer = b""
    while len(buffer) <= PATH_BYTES and b"\0" not in buffer and (chunk := read(1 << 16)):
        buffer += chunk
    separator = b"\0" if b"\0" in buffer else b"\n"
    if separator == b"\n":
        buffer = buffer.removeprefix(b"\xef\xbb\xbf")
    while chunk := read(1 << 16):
        *names, rest = buffer.split(separator)
        yield from _names(names, separator)
        buffer = rest + chunk
    yield from _names(buffer.split(separator), separator)


def _names(names: Iterable[bytes], separator: bytes) -> Iterator[str]:
    for name in names:
        if cleaned := name.removesuffix(b"\r") if separator == b"\n" else name:
            yield os.fsdecode(cleaned)


def read_file(path: str, head_ok: Callable[[bytes], None] | None = None) -> bytes:
    """Read one regular file whole. Anything else is refused; opening it neither blocks nor has an effect.

    ``head_ok`` sees the first 4,096 bytes before the rest is read, and refuses the file by raising DecodeError.
    Raises: DecodeError with the reason, which names no path.
    """
    with _opened(path) as file:
        if head_ok is not None:
            head_ok(file.read(HEAD_BYTES) or b"")
            file.seek(0)
        if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
            raise DecodeError("larger than 1 GiB")
        return file.readall() or b""


def read_head(path: str) -> bytes:
    """Read the first 4,096 bytes of a regular file. Raises: DecodeError as ``read_file`` does."""
    with _opened(path) as file:
        return file.read(HEAD_BYTES) or b""


@contextlib.contextmanager
def _opened(path: str) -> Iterator[io.FileIO]:
    try:
        with io.FileIO(path, opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DecodeError("not a regular file")
            yield file
    except OSError as error:
        raise DecodeError(_why(error)) from error
    except MemoryError as error:
        raise DecodeError("too large for the memory of this machine") from error


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

    def __init__(self) -> None:
        self._folders: set[int] = set()  # listed, by device and inode
        self._roots: set[str] = set()  # absolute paths of the folders named as arguments
        self._files: dict[tuple[int, str], str] = {}  # named files and targets of links → absolute path
        self._links: dict[str, str] = {}  # put off: absolute path → source
        self._followed: set[str] = set()

    def argument(self, source: str) -> Iterator[Source]:
        """Find one argument and what lies below it; a link is put off."""
        path = _absolute(source)
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                self._links.setdefault(path, source)
            elif stat.S_ISDIR(status.st_mode):
                self._roots.add(path)
                yield from self._walk(source, path)
            elif not self._is_found(key := _key(path)):
                self._files[key] = path
                yield _candidate(source, path, status)
        except OSError as error:
            reason = "no such file or folder" if error.errno == errno.ENOENT else _why(error)
            yield Source(source, path, reason=reason)

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
            reasons = {errno.ELOOP: "link loop", errno.ENOENT: "dangling link", errno.ENOTDIR: "dangling link"}
            yield Source(source, path, reason=reasons.get(error.errno or 0) or _why(error))
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._walk(source, path)
        elif self._is_found(key):
            yield Source(source, path, reason=FILE_AGAIN, ignored=True)
        else:
            self._files[key] = path
            yield _candidate(source, path, status)

    def _is_found(self, key: tuple[int, str]) -> bool:
        """Whether a real file, as its folder's identity and its name, was yielded. Hidden ones were ignored."""
        folder, name = key
        return key in self._files or (folder in self._folders and not _is_hidden(name))

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
                yield Source(source, path, reason=FOLDER_AGAIN, ignored=True)
        except OSError as error:
            yield Source(source, path, reason=f"unreadable folder: {_why(error)}")

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
            yield Source(folder.source, folder.path, reason=f"unreadable folder: {_why(error)}")
        folder.entries.close()
        opened.pop()

    def _entry(self, folder: _Folder, entry: "os.DirEntry[str]", waiting: list[tuple[str, str]]) -> Source | None:
        """Return what one entry is; None for a folder (now waiting), a link (put off) and a path known already."""
        source, path = folder.prefix + entry.name, entry.path
        try:
            known = self._files.get((folder.identity, entry.name))
            if known is not None:
                return None if known == path else Source(source, path, reason=FILE_AGAIN, ignored=True)
            if _is_hidden(entry.name):
                return None if path in self._roots else _hidden(source, path, entry)
            if entry.is_symlink():
                if path not in self._followed:
                    self._links.setdefault(path, source)
                return None
            if entry.is_dir(follow_symlinks=False):
                waiting.append((source, path))
                return None
            return _candidate(source, path, entry.stat(follow_symlinks=False))
        except FileNotFoundError:
            return Source(source, path, reason="file vanished during the scan")
        except OSError as error:
            return Source(source, path, reason=_why(error))


def _candidate(source: str, path: str, status: os.stat_result) -> Source:
    if stat.S_ISREG(status.st_mode):
        return Source(source, path, status.st_size, status.st_mtime_ns)
    kind = KINDS.get(stat.S_IFMT(status.st_mode), "special file")
    return Source(source, path, reason=f"{kind}, not a regular file")


def _hidden(source: str, path: str, entry: "os.DirEntry[str]") -> Source:
    kind = "hidden" if entry.name.startswith(".") else "system"
    what = "folder" if entry.is_dir(follow_symlinks=False) else "file"
    return Source(source, path, reason=f"{kind} {what}", ignored=True)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES


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


def _why(error: OSError) -> str:
    """Return the system's phrase alone: str(error) would repeat the path."""
    return os.strerror(error.errno) if error.errno else "unreadable"

"""Files that are complete or not there, on disk once they have their name, and never written through a link."""

import contextlib
import errno
import gzip
import io
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO, TextIO, cast

from xrayscan.errors import OutputError
from xrayscan.files.text import encodable

ANOTHER_OUT = "give another --out"
ANOTHER_FILE = "give another file"  # where it is not --out that names it
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EBADF)  # of folders, on some file systems


@contextlib.contextmanager
def atomic_file(path: str, remedy: str = ANOTHER_OUT) -> Iterator[BinaryIO]:
    """Open a file that takes its name, and any older file's place, once it is on disk as a whole.

    What a killed process leaves behind has the one name ``path.part``, and the next writer replaces it; a link of
    either name is replaced, not followed. The file is open to whom its folder is open to, within the umask.
    Raises: OutputError that names the path and ends in ``remedy``.
    """
    part = f"{path}.part"
    with writing(path, remedy):
        try:
            _unlink(part)
            with open(part, "xb", opener=new_file) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
            sync_folder(os.path.dirname(path))
        finally:
            with contextlib.suppress(OSError):
                _unlink(part)


@contextlib.contextmanager
def atomic_writer(path: str, *, compressed: bool = False) -> Iterator[TextIO]:
    """Open a text file that is complete or not there, as `atomic_file` does: UTF-8, gzipped if ``compressed``.

    Line ends are written as they are given.
    """
    with atomic_file(path) as file, _gzipped(file) if compressed else contextlib.nullcontext(file) as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
            text.flush()
        finally:
            with contextlib.suppress(OSError):  # of a full disk, which is told of already
                text.detach()


def _gzipped(file: BinaryIO) -> BinaryIO:
    """The same text gives the same bytes: neither name nor time stand in its header."""
    return cast(BinaryIO, gzip.GzipFile("", "wb", 6, file, mtime=0))


def new_file(path: str, flags: int = 0) -> int:
    """Create a file that is not there yet, no more open to others than its folder is; an opener for ``open``."""
    return os.open(path, NEW, 0o666 & os.stat(os.path.dirname(path) or os.curdir).st_mode)


def new_folder(path: str) -> None:
    """Create a folder that is not there yet, as open to others as the one it is in. Raises: OSError."""
    os.mkdir(path, os.stat(os.path.dirname(path) or os.curdir).st_mode & 0o777)


def write_new(path: str, *parts: bytes | memoryview) -> None:
    """Write a file that is not there yet, and have it on disk. Raises: OSError, FileExistsError among them."""
    with open(path, "xb", opener=new_file) as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


def second_name(path: str, name: str) -> None:
    """Give a file another name that is not there yet, as a link or else a copy. Raises: as `write_new`."""
    try:
        os.link(path, name)
    except OSError:  # a file system without hard links
        with open(path, "rb") as file:
            write_new(name, file.read())


def sync_folder(folder: str) -> None:
    """Have a folder's new names survive a power failure, where the system can. Raises: OSError."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder or os.curdir, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise


def refuse_foreign(path: str) -> None:
    """Raise OutputError for a link, or anything else but a regular file, where a file of ours would be opened."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        kind = "a link" if stat.S_ISLNK(mode) else "no regular file"
        raise OutputError(f"{encodable(path)} is {kind}, and is not followed: remove it, or {ANOTHER_OUT}")


@contextlib.contextmanager
def writing(path: str, remedy: str = ANOTHER_OUT) -> Iterator[None]:
    """Turn an OSError into an OutputError that names the path and ends in ``remedy``."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{encodable(path)} cannot be written ({error.strerror or error}): {remedy}") from error


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)

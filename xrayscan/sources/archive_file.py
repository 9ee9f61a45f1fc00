"""One archive: ZIP, tar or gzipped tar, listed as far as it is asked for and read in place.

Readers find a member by its path alone: each process keeps the listings of the last archives it read, and of a gzipped
tar where its inflater stands, so that members read in the archive's order inflate it once.
"""

import functools
import os
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.blob import GZIP, Blob, FileBlob, Gunzipped, MemoryBlob, Window
from xrayscan.sources.interface import Opened
from xrayscan.sources.members import Member, collected, inflates_too_far, most_inflated, named
from xrayscan.sources.tar_members import is_tar, tar_members
from xrayscan.sources.zip_members import DEFLATED, data_window, ends_as_zip, starts_as_zip, zip_members

KEPT_OPEN = 2  # archives whose listings a process keeps
MAX_INNER = 64 << 20  # bytes of an archive packed within another: it is inflated into memory
ABSENT = "no such file in the archive"
CHUNK = 1 << 20


class Archive:
    """One archive, whose members are listed as far as they are asked for. Threads may share it."""

    def __init__(self, blob: Blob, members: Iterator[Member], *, packed: bool) -> None:
        self._blob, self._packed = blob, packed
        self._listing = named(members)
        self._members: dict[str, Member] = {}
        self._inner: tuple[str, Archive] | None = None  # the archive within that was read last
        self._lock = threading.RLock()

    @classmethod
    def recognised(cls, blob: Blob, size: int) -> "Archive | None":
        """Return the archive that these bytes are, told by their content; None if they are none."""
        if starts_as_zip(blob):
            return cls(blob, zip_members(blob, size), packed=True)
        most = most_inflated(size)
        inflated = Gunzipped(blob, most, inflates_too_far(most)) if blob.read(0, len(GZIP)) == GZIP else blob
        if _starts_as_tar(inflated):
            return cls(inflated, tar_members(inflated), packed=False)
        return cls(blob, zip_members(blob, size), packed=True) if ends_as_zip(blob, size) else None

    def all_members(self) -> tuple[list[Member], DecodeError | None]:
        """List the archive to its end: its members, and what is wrong with it, if anything is."""
        return collected(self._listing)

    def open(self, name: str) -> Opened:
        """Open a member. Raises: DecodeError if there is none of this name, or it is not to be read."""
        with self._lock:
            member = self._find(name)
        if member.reason:
            raise DecodeError(member.code or Code.UNREADABLE, member.reason)
        return _MemberFile(self, member)

    def within(self, name: str) -> "Archive | None":
        """Open an archive in this one; None if the member is none. Raises: DecodeError."""
        with self._lock:
            if self._inner is None or self._inner[0] != name:
                member = self._find(name)
                self._inner = None  # let go of its memory first
                inner = self.recognised_within(member)
                if inner is None:
                    return None
                self._inner = name, inner
            return self._inner[1]

    def recognised_within(self, member: Member) -> "Archive | None":
        """Return the archive that a member is; None if it is none. What is packed is inflated into memory."""
        blob: Blob
        if not self._packed:
            blob = Window(self._blob, member.at, member.size)
        elif member.method != DEFLATED:
            blob = Window(self._blob, *data_window(self._blob, member))
        elif member.size > MAX_INNER:
            raise DecodeError(
                Code.ARCHIVE_TOO_LARGE, f"archive of more than {MAX_INNER >> 20} MiB packed within another: unpack it"
            )
        else:
            blob = MemoryBlob(self.read(member, member.size))
        return Archive.recognised(blob, member.size)

    def read(self, member: Member, count: int) -> bytes:
        """Read the first ``count`` bytes of a member; all of them are checked. Raises: DecodeError."""
        with self._lock:
            data = self._packed_data(member, count) if self._packed else self._blob.read(member.at, count)
        if len(data) < min(count, member.size):
            raise DecodeError(Code.TRUNCATED, "truncated in its archive")
        if self._packed and count >= member.size and zlib.crc32(data) != member.crc:
            raise DecodeError(Code.DAMAGED, "damaged in its archive: its checksum is wrong")
        return data

    def _find(self, name: str) -> Member:
        while name not in self._members:
            member = next(self._listing, None)
            if member is None:
                raise DecodeError(Code.NOT_FOUND, ABSENT)
            self._members[member.name] = member
        return self._members[name]

    def _packed_data(self, member: Member, count: int) -> bytes:
        at, packed = data_window(self._blob, member)
        if member.method != DEFLATED:
            return self._blob.read(at, min(count, packed))
        return _inflated(Window(self._blob, at, packed), min(count, member.size), exact=count >= member.size)


@dataclass(frozen=True, slots=True)
class _MemberFile:
    """One member, to be read."""

    archive: Archive
    member: Member

    @property
    def size(self) -> int:
        return self.member.size

    def head(self, count: int) -> bytes:
        return self.archive.read(self.member, min(count, self.member.size))

    def whole(self) -> bytes:
        return self.archive.read(self.member, self.member.size)


def open_member(path: str, names: tuple[str, ...]) -> Opened:
    """Open the file that lies in the archive ``path`` under these names, the outermost archive's first.

    Raises: DecodeError, OSError.
    """
    archive: Archive | None = _kept(path, state(path))
    for name in names[:-1]:
        archive = archive.within(name) if archive else None
    if archive is None or not names[-1]:
        raise DecodeError(Code.NOT_FOUND, ABSENT)
    return archive.open(names[-1])


def state(path: str) -> tuple[int, ...]:
    """What tells one state of a file from another. Raises: OSError."""
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@functools.lru_cache(KEPT_OPEN)
def _kept(path: str, state: tuple[int, ...]) -> Archive | None:
    blob = FileBlob(path)
    return Archive.recognised(blob, blob.size)


def _starts_as_tar(blob: Blob) -> bool:
    try:
        return is_tar(blob)
    except DecodeError:  # a gzip stream that is damaged from its start
        return False


def _inflated(packed: Window, count: int, *, exact: bool) -> bytes:
    """Inflate ``count`` bytes and no more; ``exact``: there must be no more. Raises: DecodeError."""
    inflater, at, parts = zlib.decompressobj(-zlib.MAX_WBITS), 0, []
    missing = count + exact
    try:
        while missing > 0 and not inflater.eof and (piece := inflater.unconsumed_tail or packed.read(at, CHUNK)):
            at += 0 if inflater.unconsumed_tail else len(piece)
            parts.append(inflater.decompress(piece, missing))
            missing -= len(parts[-1])
    except zlib.error as error:
        raise DecodeError(Code.DAMAGED, "damaged in its archive") from error
    if exact and missing <= 0:
        raise DecodeError(Code.DAMAGED, "damaged archive: a file is longer than it says")
    return b"".join(parts)

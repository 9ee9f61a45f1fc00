"""One path that was found."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import Self

from xrayscan.errors import Code, Status

# What a file is known by, beside its path: a file is the one that was read before only if all of it is equal. Copies
# keep size and mtime (``cp -p``, ``rsync -t``, archives); ctime is the system's own and cannot be set. File systems
# without inodes or ctime, such as FAT and some shares, give numbers that are always equal, or that change: there a file
# is compared by the rest, or read again.
IDENTITY = ("size", "mtime_ns", "ctime_ns", "device", "inode")


@dataclass(frozen=True, slots=True)
class Source:
    """One path that was found: a candidate, or with a reason why it cannot even be opened as one.

    Both paths may hold surrogate escapes (PEP 383) where a name is not UTF-8. ``size`` is in bytes, the times (of the
    last change of content and of anything) in nanoseconds since 1970; all of `IDENTITY` is 0 for a path with a reason.
    A file within an archive is known by what its archive is.
    """

    source: str  # the path as given plus what lies below it
    path: (
        str  # absolute; links are not resolved; within an archive ARCHIVE!/NAME; or an address such as s3://bucket/key
    )
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    device: int = 0
    inode: int = 0
    reason: str | None = None
    code: Code | None = None  # goes with a reason

    @classmethod
    def from_status(cls, source: str, path: str, status: os.stat_result) -> Self:
        """A candidate with what it is known by."""
        size, mtime_ns, ctime_ns, device, inode = status_identity(status)
        return cls(source, path, size, mtime_ns, ctime_ns, device, inode)

    @classmethod
    def from_tag(cls, address: str, size: int, mtime_ns: int = 0, tag: str = "") -> Self:
        """A candidate that has an address, known by what its place calls its content: an ETag, a version, a UID.

        One of which neither time nor tag is known is taken for another file each time, and so read again.
        """
        known = hashlib.sha256(tag.encode()).digest() if tag else bytes(8) if mtime_ns else secrets.token_bytes(8)
        return cls(address, address, size, mtime_ns, inode=int.from_bytes(known[:8]))

    @property
    def status(self) -> Status:
        """How it ends, if there is a reason."""
        return self.code.status if self.code else Status.FAILED


def status_identity(status: os.stat_result) -> tuple[int, ...]:
    """What a file is known by, in the order of `IDENTITY`."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino

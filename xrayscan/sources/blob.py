"""Bytes that can be read from any place on: a file, a part of one, or what a gzip stream inflates to."""

import errno
import os
import stat
import time
import zlib
from dataclasses import dataclass
from typing import Any, Protocol

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.source import status_identity

CHUNK = 1 << 16
TICK_NS = 10_000_000  # of the clock that stamps files: at most a jiffy of Linux at 100 Hz
SNAPSHOTS = 128  # of a gzip stream; each takes some 50 kB
FIRST_APART = 8 << 20  # inflated bytes from one snapshot to the next, until there are too many
GZIP = b"\x1f\x8b"
_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class LimitError(DecodeError):
    """An archive that is larger than what is read of one: nothing of it is listed."""


class DamagedStreamError(DecodeError):
    """A stream of which no part can be trusted: its one checksum is wrong, or it derails on the way."""


class ChangedError(DecodeError):
    """A file that changed between its opening and its end."""


class Blob(Protocol):
    """Bytes at places counted from 0."""

    def read(self, at: int, count: int) -> bytes:
        """Return ``count`` bytes from ``at`` on; fewer only where the blob ends. Raises: OSError, DecodeError."""
        ...


class FileBlob:
    """One regular file. Opening it neither blocks nor has an effect. Raises: OSError, DecodeError."""

    def __init__(self, path: str) -> None:
        try:
            self._file = os.open(path, _READING)
        except ValueError:  # it holds a NUL
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
        status = _settled(self._file)
        self.size, self._identity = status.st_size, status_identity(status)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            raise DecodeError(Code.NOT_A_FILE, "not a regular file")
        self._at = 0

    def read(self, at: int, count: int) -> bytes:
        if at >= self.size:  # before a number that no file can have reaches the system
            return b""
        if at != self._at:
            os.lseek(self._file, at, os.SEEK_SET)
        parts = []
        while count and (part := os.read(self._file, count)):
            parts.append(part)
            count -= len(part)
        data = b"".join(parts)
        self._at = at + len(data)
        return data

    def head(self, count: int) -> bytes:
        return self.read(0, count)

    def whole(self) -> bytes:
        """Return all bytes, as they were when the file was opened. Raises: ChangedError if it did not keep still."""
        data = self.read(0, self.size + 1)  # one more of a file that grows, never without end
        if len(data) != self.size or status_identity(os.fstat(self._file)) != self._identity:
            raise ChangedError(Code.CHANGED, "the file keeps changing while it is read")
        return data

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)


def _settled(descriptor: int) -> os.stat_result:
    """What a file is known by, once the clock that stamps files has moved on since its last change.

    Two changes within one tick leave the same time behind: read between them, the second would never be seen.
    """
    status = os.fstat(descriptor)
    if 0 <= time.time_ns() - status.st_ctime_ns < TICK_NS:
        time.sleep(TICK_NS / 1e9)
        status = os.fstat(descriptor)
    return status


@dataclass(frozen=True, slots=True)
class Window:
    """A part of another blob."""

    blob: Blob
    start: int
    size: int

    def read(self, at: int, count: int) -> bytes:
        return self.blob.read(self.start + at, max(0, min(count, self.size - at)))


@dataclass(frozen=True, slots=True)
class MemoryBlob:
    """Bytes in memory."""

    data: bytes

    def read(self, at: int, count: int) -> bytes:
        return self.data[at : at + count]


class ReadAhead:
    """The same blob, read in larger pieces by a reader that goes on from where it was."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._start, self._piece = 0, b""

    def read(self, at: int, count: int) -> bytes:
        if not self._start <= at <= at + count <= self._start + len(self._piece):
            self._start, self._piece = at, self._blob.read(at, max(count, CHUNK))
        return self._piece[at - self._start : at - self._start + count]


class Gunzipped:
    """What a gzip file (RFC 1952, of one or several members) inflates to.

    Reading on from where the last reading ended inflates each byte once. A step back starts at the last snapshot
    before the place: snapshots are taken on the way, ever further apart, so that their number is bounded.
    Raises: DecodeError for a stream that is damaged, or ends before its end; ``too_far`` beyond ``most`` bytes.
    """

    def __init__(self, packed: Blob, most: int, too_far: LimitError) -> None:
        self._packed = packed
        self._most, self._too_far = most, too_far
        self._taken = 0  # bytes of the gzip file that the inflater has used
        self._at = 0  # bytes that it has given
        self._inflater: Any = _inflater()
        self._apart = FIRST_APART
        self._snapshots: list[tuple[int, int, Any]] = [(0, 0, self._inflater.copy())]

    def read(self, at: int, count: int) -> bytes:
        self._go_to(at)
        parts = []
        while count and (part := self._next(min(count, CHUNK))):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _go_to(self, at: int) -> None:
        if at < self._at:
            self._at, self._taken, inflater = max((s for s in self._snapshots if s[0] <= at), key=lambda s: s[0])
            self._inflater = inflater.copy()
        while self._at < at and self._next(min(at - self._at, CHUNK)):
            pass

    def _next(self, most: int) -> bytes:
        """Inflate up to ``most`` bytes further; nothing at the end."""
        while True:
            if self._inflater.eof and not self._another_member():
                return b""
            packed = self._packed.read(self._taken, CHUNK)
            try:
                given: bytes = self._inflater.decompress(packed, most)
            except zlib.error as error:
                raise DamagedStreamError(Code.DAMAGED, "damaged gzip stream: nothing in it can be trusted") from error
            ended = self._inflater.eof
            self._taken += len(packed) - len(self._inflater.unused_data if ended else self._inflater.unconsumed_tail)
            if given:
                self._at += len(given)
                if self._at > self._most:
                    raise self._too_far
                self._remember()
                return given
            if not packed and not ended:
                raise DecodeError(Code.TRUNCATED, "truncated gzip stream")

    def _another_member(self) -> bool:
        """Start on the next member; what is not one is padding, as gzip itself sees it."""
        if self._packed.read(self._taken, 2) != GZIP:
            return False
        self._inflater = _inflater()
        return True

    def _remember(self) -> None:
        if self._at < self._snapshots[-1][0] + self._apart:
            return
        self._snapshots.append((self._at, self._taken, self._inflater.copy()))
        if len(self._snapshots) > SNAPSHOTS:
            self._snapshots = self._snapshots[::2]
            self._apart *= 2


def _inflater() -> Any:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)

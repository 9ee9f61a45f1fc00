"""Decoded films on disk: what was read once is not decoded again, by any run on any folder that holds the same files.

An entry is found by the digests of the files and the size of their pixels, never by their names; it holds pixels,
perceptual hashes and the reasons of files that cannot be read. The folder may be deleted at any time. It is made
readable for its owner alone, since films can identify people.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from xrayscan.dataset import perceptual_hash
from xrayscan.errors import DecodeError, OutputError
from xrayscan.files.atomic import atomic_file, sync_folder, write_new
from xrayscan.files.json_text import parsed
from xrayscan.files.paths import Path, path_text
from xrayscan.files.text import encodable
from xrayscan.model.backend import Pixels
from xrayscan.model.input_spec import InputSpec
from xrayscan.sources.address import split
from xrayscan.sources.reading import read_file
from xrayscan.sources.source import status_identity
from xrayscan.store.sqlite import connect

FORMAT = 2  # raised when decoding, preprocessing or hashing changes what it gives
CACHE_SIZE = 10_000_000_000  # bytes
REMEDY = "make room, or give another --cache DIR for decoded films"
PIXELS, HASHES, REASONS, SEAL = "pixels.npy", "hashes.npy", "reasons.json", "sha256"  # of an entry
OURS, PART, LOCK = ("films-", "listing-"), "part-", "lock.sqlite"  # names in the folder
LOCK_SECONDS = 600.0  # another run writes its films, then it is our turn


@dataclass(frozen=True, slots=True)
class Entry:
    """Decoded files, in the order asked for. Arrays are read-only."""

    digests: tuple[str, ...]  # SHA-256 of each file; empty where it could not be read
    pixels: Pixels  # (N, S, S), black where there is a reason
    hashes: perceptual_hash.Hashes  # (N,)
    reasons: tuple[str | None, ...]  # why a file could not be decoded


class FilmCache:
    """A folder of entries, each under a digest of its own; damaged ones count as missing.

    It holds ``size`` bytes at most: what was not used for the longest leaves first. Whatever a killed process left half
    written is swept by the next writer; there is one at a time. Raises OutputError where the folder cannot be written.
    """

    def __init__(self, folder: str, size: int = CACHE_SIZE) -> None:
        self._folder, self._size = folder, size
        with self._writing():
            os.makedirs(folder, mode=0o700, exist_ok=True)

    def digests(self, paths: Sequence[str], workers: int) -> tuple[str, ...]:
        """SHA-256 of each file: remembered while its path and all that it is known by stay, else read."""
        memo = os.path.join(self._folder, f"listing-{_digest([_state(path) for path in paths])}.json")
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError), open(memo, encoding="utf-8") as file:
            known = parsed(file.read())
            if len(known["films"]) == len(paths) and known["sha256"] == _digest(known["films"]):
                os.utime(memo)
                return tuple(known["films"])
        with ThreadPoolExecutor(max(1, workers)) as threads:
            digests = tuple(threads.map(file_digest, paths))
        with self._alone(), atomic_file(memo, REMEDY) as file:
            file.write(json.dumps({"films": digests, "sha256": _digest(digests)}).encode())
        return digests

    def get(self, digests: Sequence[str], spec: InputSpec) -> Entry | None:
        """Return the entry of these files at this geometry, its pixels mapped from disk; None where there is none."""
        folder = self._place(digests, spec)
        try:
            with open(os.path.join(folder, SEAL), encoding="ascii") as file:
                if file.read() != _seal(folder):
                    return None
            pixels = np.load(os.path.join(folder, PIXELS), mmap_mode="r")
            hashes = np.load(os.path.join(folder, HASHES))
            with open(os.path.join(folder, REASONS), encoding="utf-8") as file:
                reasons = parsed(file.read())
            os.utime(folder)
        except (OSError, ValueError, EOFError):
            return None
        if not len(pixels) == len(hashes) == len(reasons) == len(digests):
            return None
        return Entry(tuple(digests), pixels, hashes, tuple(reasons))

    def put(self, entry: Entry, spec: InputSpec) -> Entry:
        """Keep an entry, complete or not at all, and return it as it will be read. One beyond the bound is not kept."""
        if entry.pixels.nbytes > self._size:
            return entry
        folder = self._place(entry.digests, spec)
        with self._alone():
            part = tempfile.mkdtemp(prefix=PART, dir=self._folder)
            try:
                _write_array(os.path.join(part, PIXELS), entry.pixels)
                _write_array(os.path.join(part, HASHES), entry.hashes)
                write_new(os.path.join(part, REASONS), json.dumps(entry.reasons).encode())
                write_new(os.path.join(part, SEAL), _seal(part).encode())
                shutil.rmtree(folder, ignore_errors=True)  # a damaged one
                os.replace(part, folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
            sync_folder(self._folder)
            self._evict(keeping=folder)
        return self.get(entry.digests, spec) or entry

    def _evict(self, keeping: str) -> None:
        """Delete what was used the longest ago until the rest fits."""
        entries = sorted((entry for entry in os.scandir(self._folder) if entry.name.startswith(OURS)), key=_used)
        sizes = {entry.path: _size(entry.path) for entry in entries}
        total = sum(sizes.values())
        for path in sizes:
            if total > self._size and path != keeping:
                total -= sizes[path]
                _remove(path)

    def _place(self, digests: Sequence[str], spec: InputSpec) -> str:
        key = _digest([FORMAT, *spec.geometry, *perceptual_hash.SPEC.geometry, *digests])
        return os.path.join(self._folder, f"films-{spec.side}-{spec.resize}-{key}")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Write while nobody else does, so that whatever is half written is a leftover, and goes."""
        try:
            with contextlib.closing(connect(os.path.join(self._folder, LOCK), wait=LOCK_SECONDS)) as lock:
                lock.execute("BEGIN EXCLUSIVE")
                with self._writing():
                    for entry in os.scandir(self._folder):
                        if entry.name.startswith(PART) or entry.name.endswith(".part"):
                            _remove(entry.path)
                    yield
        except sqlite3.Error as error:
            raise self._unwritable(f"its lock: {error}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error

    def _unwritable(self, why: str) -> OutputError:
        return OutputError(f"{encodable(self._folder)} cannot be written ({why}): {REMEDY}")


def _write_array(path: str, array: npt.NDArray[Any]) -> None:
    """As `numpy.save`, which says nothing of why it failed."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    write_new(path, head.getvalue(), np.ascontiguousarray(array).data.cast("B"))


def _seal(folder: str) -> str:
    """SHA-256 over what an entry holds."""
    found = []
    for name in (PIXELS, HASHES, REASONS):
        with open(os.path.join(folder, name), "rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return _digest(found)


def _used(entry: "os.DirEntry[str]") -> float:
    return entry.stat(follow_symlinks=False).st_mtime


def _size(path: str) -> int:
    """Bytes of a file, or of the files within a folder."""
    files = [entry.path for entry in os.scandir(path)] if os.path.isdir(path) else [path]
    return sum(os.lstat(file).st_size for file in files)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        os.unlink(path)


def film_cache(folder: Path | None, size: int) -> FilmCache | None:
    """The cache in a folder, of so many bytes at most; none without a folder."""
    return FilmCache(path_text(folder), size) if folder else None


def user_cache() -> str:
    """The folder for decoded films below the user's cache folder."""
    return os.path.join(platformdirs.user_cache_dir("xrayscan", appauthor=False), "films")


def file_digest(path: str) -> str:
    """SHA-256 of one regular file in hexadecimal; empty where it cannot be read."""
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except DecodeError:
        return ""


def _state(path: str) -> list[Any]:
    try:
        inside = split(path)
        status = os.stat(inside[0] if inside else path)  # a file within an archive is as old as the archive
        return [os.path.abspath(path), *status_identity(status)]
    except OSError:
        return [os.path.abspath(path)]


def _digest(values: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:40]

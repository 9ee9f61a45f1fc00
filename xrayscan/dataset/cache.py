"""Decoded films on disk: what was read once is not decoded again, by any run on any folder that holds the same files.

An entry is found by the digests of the files and the size of their pixels, never by their names; it holds pixels,
perceptual hashes and the reasons of files that cannot be read. The folder may be deleted at any time. It is made
readable for its owner alone, since films can identify people.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from xrayscan.dataset import perceptual_hash
from xrayscan.errors import DecodeError, OutputError
from xrayscan.model.backend import Pixels
from xrayscan.model.input_spec import InputSpec
from xrayscan.sources.address import split
from xrayscan.sources.reading import read_file

FORMAT = 1  # raised when decoding, preprocessing or hashing changes what it gives


@dataclass(frozen=True, slots=True)
class Entry:
    """Decoded files, in the order asked for. Arrays are read-only."""

    digests: tuple[str, ...]  # SHA-256 of each file; empty where it could not be read
    pixels: Pixels  # (N, S, S), black where there is a reason
    hashes: perceptual_hash.Hashes  # (N,)
    reasons: tuple[str | None, ...]  # why a file could not be decoded


class FilmCache:
    """A folder of entries. Raises OutputError where it cannot be written; damaged entries count as missing."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        with self._writing():
            os.makedirs(folder, mode=0o700, exist_ok=True)

    def digests(self, paths: Sequence[str], workers: int) -> tuple[str, ...]:
        """SHA-256 of each file: remembered while path, size and time of change stay, else read."""
        memo = os.path.join(self._folder, f"listing-{_digest([_state(path) for path in paths])}.json")
        with contextlib.suppress(OSError, ValueError), open(memo, encoding="utf-8") as file:
            known = json.load(file)
            if len(known) == len(paths):
                return tuple(str(digest) for digest in known)
        with ThreadPoolExecutor(max(1, workers)) as threads:
            digests = tuple(threads.map(file_digest, paths))
        with self._writing():
            with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False) as part:
                json.dump(digests, part)
            os.replace(part.name, memo)
        return digests

    def get(self, digests: Sequence[str], spec: InputSpec) -> Entry | None:
        """Return the entry of these files at this geometry, its pixels mapped from disk; None where there is none."""
        folder = self._place(digests, spec)
        try:
            pixels = np.load(os.path.join(folder, "pixels.npy"), mmap_mode="r")
            hashes = np.load(os.path.join(folder, "hashes.npy"))
            with open(os.path.join(folder, "reasons.json"), encoding="utf-8") as file:
                reasons = json.load(file)
        except (OSError, ValueError, EOFError):
            return None
        if not len(pixels) == len(hashes) == len(reasons) == len(digests):
            return None
        return Entry(tuple(digests), pixels, hashes, tuple(reasons))

    def put(self, entry: Entry, spec: InputSpec) -> Entry:
        """Keep an entry, complete or not at all, and return it as it will be read."""
        folder = self._place(entry.digests, spec)
        with self._writing():
            part = tempfile.mkdtemp(prefix="part-", dir=self._folder)
            np.save(os.path.join(part, "pixels.npy"), entry.pixels)
            np.save(os.path.join(part, "hashes.npy"), entry.hashes)
            with open(os.path.join(part, "reasons.json"), "w", encoding="utf-8") as file:
                json.dump(entry.reasons, file)
            shutil.rmtree(folder, ignore_errors=True)  # a damaged one
            os.replace(part, folder)
        return self.get(entry.digests, spec) or entry

    def _place(self, digests: Sequence[str], spec: InputSpec) -> str:
        key = _digest([FORMAT, *spec.geometry, *perceptual_hash.SPEC.geometry, *digests])
        return os.path.join(self._folder, f"films-{spec.side}-{spec.resize}-{key}")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{self._folder}: {error.strerror}: give another --cache DIR for decoded films"
            ) from error


def user_cache() -> str:
    """The folder for decoded films below the user's cache folder."""
    import platformdirs

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
        stat = os.stat(inside[0] if inside else path)  # a file within an archive is as old as the archive
    except OSError:
        return [os.path.abspath(path)]
    return [os.path.abspath(path), stat.st_size, stat.st_mtime_ns]


def _digest(values: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:40]

"""Decode a labelled folder once, into one array at training size."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xrayscan.dataset import perceptual_hash
from xrayscan.dataset.cache import Entry, FilmCache
from xrayscan.dataset.labelled_folder import LabelledFilm
from xrayscan.errors import InputError
from xrayscan.files.text import counted
from xrayscan.model.backend import Pixels
from xrayscan.model.input_spec import InputSpec
from xrayscan.scanning.local_engine import read
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column

OnFilm = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The films that could be read, in the folder's order, and the reasons of those that could not."""

    films: tuple[LabelledFilm, ...]
    pixels: Pixels  # (N, S, S), read-only
    digests: tuple[str, ...]  # SHA-256 of each file
    hashes: perceptual_hash.Hashes  # (N,)
    failed: dict[str, str]  # path → reason


def decode_films(
    films: Sequence[LabelledFilm],
    spec: InputSpec,
    *,
    workers: int,
    cache: FilmCache | None = None,
    on_film: OnFilm = lambda done, total: None,
) -> Decoded:
    """Read every film in reader processes, or from the ``cache`` where it was read before.

    Raises: InputError if a label is left without a film, OutputError if the cache cannot be written.
    """
    entry = _entry([film.path for film in films], spec, workers, cache, on_film)
    good = [index for index, reason in enumerate(entry.reasons) if reason is None]
    failed = {film.path: reason for film, reason in zip(films, entry.reasons, strict=True) if reason is not None}
    if {films[index].label for index in good} != {0, 1}:
        raise InputError("a label is left without one readable film: both labels need some")
    pixels, hashes = (entry.pixels, entry.hashes) if not failed else (entry.pixels[good], entry.hashes[good])
    return Decoded(tuple(films[n] for n in good), pixels, tuple(entry.digests[n] for n in good), hashes, failed)


def contradictions(decoded: Decoded, labels: tuple[str, str]) -> tuple[str, ...]:
    """Warn of files that stand, byte for byte, under both labels."""
    under: dict[str, dict[int, str]] = {}
    for film, digest in zip(decoded.films, decoded.digests, strict=True):
        under.setdefault(digest, {}).setdefault(film.label, film.path)
    both = [paths for paths in under.values() if len(paths) == 2]
    if not both:
        return ()
    first = " and ".join(both[0][label] for label in (0, 1))
    return (
        f"{counted(len(both), 'film')} under both {labels[0]} and {labels[1]}: one of the labels is wrong ({first})",
    )


def _entry(paths: Sequence[str], spec: InputSpec, workers: int, cache: FilmCache | None, on_film: OnFilm) -> Entry:
    if cache is None:
        return _decode(paths, spec, workers, on_film)
    digests = cache.digests(paths, workers)
    if kept := cache.get(digests, spec):
        on_film(len(paths), len(paths))
        return kept
    entry = _decode(paths, spec, workers, on_film)
    for path, before, now in zip(paths, digests, entry.digests, strict=True):
        if now and before != now:  # a file that is no film at all is refused before it has a digest
            raise InputError(f"{path} changed while it was being read: wait until the folder is complete, then go on")
    return cache.put(dataclasses.replace(entry, digests=digests), spec)


def _decode(paths: Sequence[str], spec: InputSpec, workers: int, on_film: OnFilm) -> Entry:
    pixels = np.zeros((len(paths), spec.side, spec.side), np.uint8)
    small = np.zeros((len(paths), perceptual_hash.SPEC.side, perceptual_hash.SPEC.side), np.uint8)
    digests, reasons = [""] * len(paths), [None] * len(paths)
    rows = ({"path": path, "index": index} for index, path in enumerate(paths))
    work = functools.partial(prepare, specs=(spec, perceptual_hash.SPEC))
    for done, row in enumerate(read(rows, work, workers=workers), 1):
        index = row["index"]
        digests[index], reasons[index] = row.get("sha256", ""), row.get("reason")
        if not row.get("reason"):
            pixels[index], small[index] = row[pixel_column(spec)], row[pixel_column(perceptual_hash.SPEC)]
        on_film(done, len(paths))
    pixels.flags.writeable = False
    return Entry(tuple(digests), pixels, perceptual_hash.hashes(small), tuple(reasons))

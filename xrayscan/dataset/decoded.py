"""Decode a labelled folder once, into one array at training size."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    paths = [film.path for film in films]
    [entry] = read_entries(paths, [spec], workers=workers, cache=cache, on_film=on_film).values()
    good = [index for index, reason in enumerate(entry.reasons) if reason is None]
    failed = {film.path: reason for film, reason in zip(films, entry.reasons, strict=True) if reason is not None}
    if {films[index].label for index in good} != {0, 1}:
        raise InputError("a label is left without one readable film: both labels need some")
    pixels, hashes = (entry.pixels, entry.hashes) if not failed else (entry.pixels[good], entry.hashes[good])
    return Decoded(tuple(films[n] for n in good), pixels, tuple(entry.digests[n] for n in good), hashes, failed)


def contradictions(films: Sequence[LabelledFilm], digests: Sequence[str], labels: tuple[str, str]) -> tuple[str, ...]:
    """Warn of files that stand, byte for byte, under both labels."""
    under: dict[str, dict[int, str]] = {}
    for film, digest in zip(films, digests, strict=True):
        under.setdefault(digest, {}).setdefault(film.label, film.path)
    both = [paths for paths in under.values() if len(paths) == 2]
    if not both:
        return ()
    first = " and ".join(both[0][label] for label in (0, 1))
    return (
        f"{counted(len(both), 'film')} under both {labels[0]} and {labels[1]}: one of the labels is wrong ({first})",
    )


def read_entries(
    paths: Sequence[str],
    specs: Iterable[InputSpec],
    *,
    workers: int,
    cache: FilmCache | None = None,
    on_film: OnFilm = lambda done, total: None,
) -> dict[str, Entry]:
    """Every path at every size asked for, by pixel column: from the ``cache``, or decoded once for all that it lacks.

    Raises: InputError for a file that changed meanwhile, OutputError if the cache cannot be written.
    """
    wanted = {pixel_column(spec): spec for spec in specs}
    if cache is None:
        return _decode(paths, wanted, workers, on_film)
    digests = cache.digests(paths, workers)
    found = {column: cache.get(digests, spec) for column, spec in wanted.items()}
    kept = {column: entry for column, entry in found.items() if entry}
    missing = {column: spec for column, spec in wanted.items() if column not in kept}
    if not missing:
        on_film(len(paths), len(paths))
        return kept
    fresh = _decode(paths, missing, workers, on_film)
    for path, before, now in zip(paths, digests, next(iter(fresh.values())).digests, strict=True):
        if now and before != now:  # a file that is no film at all is refused before it has a digest
            raise InputError(f"{path} changed while it was being read: wait until the folder is complete, then go on")
    put = {name: cache.put(dataclasses.replace(fresh[name], digests=digests), spec) for name, spec in missing.items()}
    return kept | put


def _decode(paths: Sequence[str], specs: Mapping[str, InputSpec], workers: int, on_film: OnFilm) -> dict[str, Entry]:
    """One entry for each pixel column."""
    small = pixel_column(perceptual_hash.SPEC)
    sizes = {**{column: spec.side for column, spec in specs.items()}, small: perceptual_hash.SPEC.side}
    pixels = {column: np.zeros((len(paths), side, side), np.uint8) for column, side in sizes.items()}
    digests, reasons = [""] * len(paths), [None] * len(paths)
    rows = ({"path": path, "index": index} for index, path in enumerate(paths))
    work = functools.partial(prepare, specs=(*specs.values(), perceptual_hash.SPEC))
    for done, row in enumerate(read(rows, work, workers=workers), 1):
        index = row["index"]
        digests[index], reasons[index] = row.get("sha256", ""), row.get("reason")
        if not row.get("reason"):
            for column, array in pixels.items():
                array[index] = row[column]
        on_film(done, len(paths))
    for array in pixels.values():
        array.flags.writeable = False
    hashes = perceptual_hash.hashes(pixels[small])
    return {column: Entry(tuple(digests), pixels[column], hashes, tuple(reasons)) for column in specs}

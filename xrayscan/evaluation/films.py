"""The films of an evaluation: chosen by split, read once for all models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.dataset import perceptual_hash
from xrayscan.dataset.cache import FilmCache
from xrayscan.dataset.decoded import read_entries
from xrayscan.dataset.labelled_folder import LabelledFilm, LabelledFolder
from xrayscan.dataset.split import Indices, patient_groups
from xrayscan.errors import InputError
from xrayscan.model.backend import Pixels
from xrayscan.model.input_spec import InputSpec

DEFAULT_SPLIT = "test"
ALL = "all"


@dataclass(frozen=True, slots=True)
class TestFilms:
    """The films that could be read, in the folder's order, and the reasons of those that could not."""

    __test__ = False  # for pytest: this is no test case

    folder: LabelledFolder
    films: tuple[LabelledFilm, ...]
    labels: npt.NDArray[np.uint8]  # (N,): 1 positive, 0 negative
    groups: Indices  # (N,): number of the patient, or of the films that are one patient's or copies
    digests: tuple[str, ...]  # SHA-256 of each file
    hashes: perceptual_hash.Hashes  # (N,)
    pixels: Mapping[str, Pixels]  # pixel column → (N, S, S)
    failed: Mapping[str, str]  # path → reason


def chosen(folder: LabelledFolder, split: str | None) -> tuple[LabelledFilm, ...]:
    """Films of one split; without a choice those of ``test`` where the folder is split, and all where it is not.

    Raises: InputError if there are none.
    """
    there = sorted({film.split for film in folder.films if film.split})
    if split == ALL or (split is None and not there):
        return folder.films
    wanted = split or DEFAULT_SPLIT
    films = tuple(film for film in folder.films if film.split == wanted)
    if not films:
        found = f"films of {', '.join(there)}" if there else "no splits"
        raise InputError(f"no films of split {wanted!r}: the folder has {found}; choose with --split, or --split {ALL}")
    return films


def read_films(
    folder: LabelledFolder,
    split: str | None,
    specs: Sequence[InputSpec],
    *,
    workers: int,
    cache: FilmCache | None = None,
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> TestFilms:
    """Read films at every size asked for, or take them from the ``cache``.

    Raises: InputError if a label is left without a readable film; as `read_entries`.
    """
    films = chosen(folder, split)
    paths = [film.path for film in films]
    entries = read_entries(paths, specs, workers=workers, cache=cache, on_film=on_film)
    entry = next(iter(entries.values()))
    whole = TestFilms(
        folder,
        films,
        np.array([film.label for film in films], np.uint8),
        np.zeros(len(films), np.intp),
        entry.digests,
        entry.hashes,
        {column: entry.pixels for column, entry in entries.items()},
        {},
    )
    return without(whole, {index: reason for index, reason in enumerate(entry.reasons) if reason is not None})


def without(films: TestFilms, left_out: Mapping[int, str]) -> TestFilms:
    """The same films without some, given as index → reason. Raises: as `read_films`."""
    kept = [index for index in range(len(films.films)) if index not in left_out]
    failed = {**films.failed, **{films.films[n].path: reason for n, reason in left_out.items()}}
    some, digests, labels = [films.films[n] for n in kept], [films.digests[n] for n in kept], films.labels[kept]
    if set(labels.tolist()) != {0, 1}:
        negative, positive = films.folder.labels
        found = int(labels.sum())
        counts = f"{len(some) - found:,} of {negative}, {found:,} of {positive}"
        raise InputError(f"readable films: {counts}; an evaluation needs some of both")
    pixels = {name: array[kept] for name, array in films.pixels.items()}
    groups = patient_groups([film.patient for film in some], digests)
    return TestFilms(films.folder, tuple(some), labels, groups, tuple(digests), films.hashes[kept], pixels, failed)

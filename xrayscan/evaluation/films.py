"""The films of an evaluation: chosen by split, read once for all models."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.dataset import perceptual_hash
from xrayscan.dataset.labelled_folder import LabelledFilm, LabelledFolder
from xrayscan.dataset.split import Indices, patient_groups
from xrayscan.errors import InputError
from xrayscan.model.backend import Pixels
from xrayscan.model.input_spec import InputSpec
from xrayscan.scanning.local_engine import read
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column

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
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> TestFilms:
    """Read films at every size asked for. Raises: InputError if a label is left without a readable film."""
    films = chosen(folder, split)
    wanted = {pixel_column(spec): spec for spec in (*specs, perceptual_hash.SPEC)}
    arrays = {name: np.zeros((len(films), spec.side, spec.side), np.uint8) for name, spec in wanted.items()}
    digests, failed = [""] * len(films), {}
    rows = ({"path": film.path, "index": index} for index, film in enumerate(films))
    work = functools.partial(prepare, specs=tuple(wanted.values()))
    for done, row in enumerate(read(rows, work, workers=workers), 1):
        if row.get("reason"):
            failed[row["path"]] = row["reason"]
        else:
            digests[row["index"]] = row["sha256"]
            for name, pixels in arrays.items():
                pixels[row["index"]] = row[name]
        on_film(done, len(films))
    kept = [index for index, digest in enumerate(digests) if digest]
    return _films(folder, [films[n] for n in kept], [digests[n] for n in kept], arrays, kept, failed)


def without(films: TestFilms, left_out: Mapping[int, str]) -> TestFilms:
    """The same films without some, given as index → reason. Raises: as `read_films`."""
    kept = [index for index in range(len(films.films)) if index not in left_out]
    failed = {**films.failed, **{films.films[n].path: reason for n, reason in left_out.items()}}
    some, digests = [films.films[n] for n in kept], [films.digests[n] for n in kept]
    return _films(films.folder, some, digests, films.pixels, kept, failed)


def _films(
    folder: LabelledFolder,
    films: Sequence[LabelledFilm],
    digests: Sequence[str],
    arrays: Mapping[str, Pixels],
    kept: list[int],
    failed: Mapping[str, str],
) -> TestFilms:
    labels = np.array([film.label for film in films], np.uint8)
    if set(labels.tolist()) != {0, 1}:
        raise InputError(
            f"{len(films)} readable films of one label or none: an evaluation needs films of {folder.labels[0]} and "
            f"of {folder.labels[1]}"
        )
    pixels = {name: array[kept] for name, array in arrays.items()}
    groups = patient_groups([film.patient for film in films], digests)
    hashes = perceptual_hash.hashes(pixels[pixel_column(perceptual_hash.SPEC)])
    return TestFilms(folder, tuple(films), labels, groups, tuple(digests), hashes, pixels, failed)

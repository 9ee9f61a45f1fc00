"""The patient-wise split: no patient, and no copy of a film, stands on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.dataset.labelled_folder import FEWEST_PATIENTS, LabelledFilm, LabelledFolder
from xrayscan.errors import InputError
from xrayscan.files.text import counted

Indices = npt.NDArray[np.intp]

# Films of each label that a validation set must have to be used as it is: with fewer, an operating point at 0.95
# rests on one or two films. Kaggle's has 8.
FEWEST_VALIDATION = 30


@dataclass(frozen=True, slots=True)
class Division:
    """Indices of the films on either side, and sentences that people should read. The sides share no group."""

    training: Indices
    validation: Indices
    warnings: tuple[str, ...] = ()


def for_training(folder: LabelledFolder) -> tuple[tuple[LabelledFilm, ...], tuple[str, ...]]:
    """Return the films that training may read, and warnings: none of a test split, and none of its patients.

    Raises: InputError, before any film is read, for a label of too few patients to set some apart.
    """
    tested = {film.patient for film in folder.films if film.split == "test"}
    rest = [film for film in folder.films if film.split != "test"]
    kept = tuple(film for film in rest if film.patient not in tested)
    for label, name in enumerate(folder.labels):
        if (people := len({film.patient for film in kept if film.label == label})) < FEWEST_PATIENTS:
            held = {film.patient for film in rest if film.label == label} & tested
            why = f"; {len(held):,} more not used: they also have films in the test split" if held else ""
            raise InputError(
                f"only {counted(people, 'patient')} of {name} to train on{why}: at least {FEWEST_PATIENTS} of each "
                "label are needed, so that some can be set apart"
            )
    warnings = []
    if crossing := len(rest) - len(kept):
        warnings.append(
            f"{counted(crossing, 'training film')} not used: their patients also have films in the test split"
        )
    return kept, tuple(warnings)


def divide(films: Sequence[LabelledFilm], groups: Indices, share: float, seed: int) -> Division:
    """Divide films (N,) that `for_training` returned: as their folder does, else a ``share`` of the patients apart.

    A validation split too small to steer by is added to the training films, and another one is carved from all.
    ``groups`` are those of `patient_groups`; of a group on both sides of the folder's own division, the training
    films are not used.
    Raises: InputError if a side would lack a label.
    """
    labels = np.array([film.label for film in films], np.uint8)
    given = np.array([film.split == "val" for film in films], bool)
    counts = np.bincount(labels[given], minlength=2)
    if counts.min() < FEWEST_VALIDATION:
        small = (_too_small(int(given.sum()), counts.min(), share),) if given.any() else ()
        return Division(*split_by_group(labels, groups, share, seed), small)
    crossing = ~given & np.isin(groups, groups[given])
    training, validation = np.flatnonzero(~given & ~crossing), np.flatnonzero(given)
    if np.bincount(labels[training], minlength=2).min() == 0:
        raise InputError("the training split lacks a label: it needs films of both, of patients not in validation")
    told = f"{counted(int(crossing.sum()), 'training film')} not used: their patients, or copies, are in validation"
    return Division(training, validation, (told,) if crossing.any() else ())


def patient_groups(patients: Sequence[str], digests: Sequence[str]) -> Indices:
    """Number the groups of films (N,) that must stay together: same patient, or the same bytes, or linked by these."""
    parent = list(range(len(patients)))

    def root(film: int) -> int:
        while parent[film] != film:
            parent[film] = film = parent[parent[film]]
        return film

    first: dict[tuple[str, str], int] = {}
    for film, keys in enumerate(zip(patients, digests, strict=True)):
        for key in zip(("patient", "digest"), keys, strict=True):
            parent[root(film)] = root(first.setdefault(key, film))
    return np.unique([root(film) for film in range(len(patients))], return_inverse=True)[1]


def split_by_group(labels: npt.NDArray[np.uint8], groups: Indices, share: float, seed: int) -> tuple[Indices, Indices]:
    """Return film indices (training, validation): whole groups, both labels in proportion, ``share`` of them apart.

    Raises: InputError if a side would lack a label.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    folds = max(2, round(1 / share))
    for label in (0, 1):
        if (held := len(np.unique(groups[labels == label]))) < folds:
            raise InputError(
                f"each label needs films of at least {folds} patients to set some of them apart; one has {held}"
            )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    train, validation = next(iter(splitter.split(labels, labels, groups)))
    return train, validation


def _too_small(films: int, fewest: int, share: float) -> str:
    return (
        f"the validation split has {counted(films, 'film')}, {fewest} of one label: too few to choose by. Training "
        f"adds them to its own and validates on {share:.0%} of all patients instead"
    )

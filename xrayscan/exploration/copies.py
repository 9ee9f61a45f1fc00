"""Films that are there twice, byte by byte or to the eye, and patients who stand on several sides."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xrayscan.dataset.perceptual_hash import COPY_BITS, near
from xrayscan.exploration.file_properties import Look, Looks


@dataclass(frozen=True, slots=True)
class Copies:
    """Films that are copies of one another, in the folder's order."""

    looks: tuple[Look, ...]

    @property
    def labels(self) -> frozenset[int]:
        """The labels they have."""
        return frozenset(look.film.label for look in self.looks)

    @property
    def splits(self) -> frozenset[str]:
        """The splits they stand in."""
        return frozenset(look.film.split for look in self.looks if look.film.split)

    @property
    def patients(self) -> frozenset[str]:
        """The patients they are said to show."""
        return frozenset(look.film.patient for look in self.looks)


@dataclass(frozen=True, slots=True)
class Crossing:
    """How many patients have films of several splits, or of both labels, and how many films these are."""

    splits: int
    splits_films: int
    labels: int
    labels_films: int


def exact_copies(looks: Sequence[Look]) -> tuple[Copies, ...]:
    """Groups of files that hold the same bytes."""
    return _groups(looks, [look.sha256 for look in looks])


def near_copies(looks: Looks) -> tuple[Copies, ...]:
    """Groups of films that look alike within `COPY_BITS` of their hash and are not all the same bytes.

    Films are linked one by one, so that two films of a group may differ by more.
    """
    unique, index = np.unique(looks.hashes, return_inverse=True)
    parent = np.arange(len(unique))
    for one, other in near(unique, unique, COPY_BITS):
        if one < other:
            low, high = sorted((_root(parent, one), _root(parent, other)))
            parent[high] = low
    groups = _groups(looks.looks, [_root(parent, n) for n in index])
    return tuple(group for group in groups if len({look.sha256 for look in group.looks}) > 1)


def crossing(looks: Iterable[Look]) -> Crossing:
    """Count patients on several sides."""
    films = defaultdict(list)
    for look in looks:
        films[look.film.patient].append(look.film)
    splits = [held for held in films.values() if len({film.split for film in held if film.split}) > 1]
    labels = [held for held in films.values() if len({film.label for film in held}) > 1]
    return Crossing(len(splits), sum(map(len, splits)), len(labels), sum(map(len, labels)))


def _groups(looks: Sequence[Look], keys: Sequence[Hashable]) -> tuple[Copies, ...]:
    members = defaultdict(list)
    for look, key in zip(looks, keys, strict=True):
        members[key].append(look)
    return tuple(Copies(tuple(held)) for held in members.values() if len(held) > 1)


def _root(parent: "np.ndarray[tuple[int], np.dtype[np.intp]]", at: int) -> int:
    while parent[at] != at:
        parent[at] = at = parent[parent[at]]
    return int(at)

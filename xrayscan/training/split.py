"""The patient-wise split: no patient, and no copy of a film, stands on both sides."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xrayscan.errors import InputError

Indices = npt.NDArray[np.intp]


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


def split(labels: npt.NDArray[np.uint8], groups: Indices, share: float, seed: int) -> tuple[Indices, Indices]:
    """Return film indices (training, validation): whole groups, both labels in proportion, ``share`` of them apart.

    Raises: InputError if a side would lack a label.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    folds = max(2, round(1 / share))
    for label in (0, 1):
        if len(np.unique(groups[labels == label])) < folds:
            raise InputError(f"each label needs films of at least {folds} patients to set some of them apart")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    train, validation = next(iter(splitter.split(labels, labels, groups)))
    return train, validation

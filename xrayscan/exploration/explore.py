"""Explore a labelled folder: look at every film once, then count, compare and warn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from xrayscan.dataset.labelled_folder import LabelledFolder
from xrayscan.dataset.split import FEWEST_VALIDATION, Indices, patient_groups
from xrayscan.exploration.copies import Copies, Crossing, crossing, exact_copies, near_copies
from xrayscan.exploration.file_properties import Looks, look_at
from xrayscan.exploration.shortcut import STRONG, WEAK, Shortcut, shortcut
from xrayscan.files.paths import Path, path_text
from xrayscan.files.text import counted
from xrayscan.scanning.workers import reader_count


@dataclass(frozen=True, slots=True)
class ExploreSettings:
    """How to look. ``workers`` are reader processes, None for one per core."""

    workers: int | None = None
    seed: int = 0
    on_film: Callable[[int, int], None] = lambda done, total: None
    on_stage: Callable[[str], None] = lambda what: None


@dataclass(frozen=True, slots=True)
class Explored:
    """What there is to say of a labelled folder."""

    directory: str
    folder: LabelledFolder
    films: Looks
    groups: Indices  # (N,): number of the patient, or of patients who share a copy
    exact: tuple[Copies, ...]
    near: tuple[Copies, ...]
    crossing: Crossing
    shortcut: Shortcut | None  # None: too few patients to tell
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        films = zip(self.folder.labels, np.bincount(self.films.labels, minlength=2), strict=True)
        told = ", ".join(f"{number:,} {label}" for label, number in films)
        return f"<{type(self).__name__} {self.directory!r}: {told}; {counted(len(self.warnings), 'warning')}>"


def explore(directory: Path, folder: LabelledFolder, settings: ExploreSettings = ExploreSettings()) -> Explored:
    """Look at every film of a labelled folder (see `xrayscan.dataset.labelled_folder.read_folder`).

    Raises: InputError if a label is left without a readable film.
    """
    workers = reader_count(settings.workers)
    films = look_at(folder, workers=workers, on_film=settings.on_film)
    settings.on_stage("looking for copies")
    looks = films.looks
    groups = patient_groups([look.film.patient for look in looks], [look.sha256 for look in looks])
    exact, near, sides = exact_copies(looks), near_copies(films), crossing(looks)
    settings.on_stage("looking for shortcuts")
    found = shortcut(looks, films.labels, groups, settings.seed)
    warnings = (*folder.warnings, *_warnings(folder, films, exact, near, sides, found))
    return Explored(path_text(directory), folder, films, groups, exact, near, sides, found, warnings)


def _warnings(
    folder: LabelledFolder,
    films: Looks,
    exact: tuple[Copies, ...],
    near: tuple[Copies, ...],
    sides: Crossing,
    found: Shortcut | None,
) -> Iterator[str]:
    if films.failed:
        yield f"{counted(len(films.failed), 'file')} failed"
    for kind, groups in (("identical films", exact), ("near-duplicates", near)):
        if count := sum(len(group.labels) > 1 for group in groups):
            names = " and ".join(folder.labels)
            yield f"{counted(count, 'group')} of {kind} under both {names}: one of the labels is wrong"
        if count := sum(len(group.splits) > 1 for group in groups):
            yield f"{counted(count, 'group')} of {kind} in several splits: figures on test are too optimistic"
    if sides.splits:
        yield f"{counted(sides.splits, 'patient')} in several splits, with {counted(sides.splits_films, 'film')}"
    validation = [look.film.label for look in films.looks if look.film.split == "val"]
    if validation and min(np.bincount(validation, minlength=2)) < FEWEST_VALIDATION:
        yield (
            f"the validation split has only {counted(len(validation), 'film')}: training adds them to its own and "
            "validates on a fifth of all patients instead"
        )
    if found and found.auroc >= WEAK:
        told = "separates the labels" if found.auroc >= STRONG else "tells part of the label"
        yield f"file metadata alone {told} (AUROC {found.auroc:.3f})"

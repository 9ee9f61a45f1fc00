"""The three ways to lay out labelled films: folders per label, those within train, val and test, or a CSV."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xrayscan.dataset.label_csv import SPLITS, Line, read_lines, without_repeats
from xrayscan.errors import InputError, Status
from xrayscan.files.text import spellings
from xrayscan.sources.folders import as_folder, discover, subfolders
from xrayscan.sources.reading import exists


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the layout names it. ``below`` is its path within its label's folder, or as the CSV has it."""

    path: str
    label: str
    below: str
    split: str | None = None
    patient: str | None = None  # as the CSV says
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)  # other columns of the CSV


@dataclass(frozen=True, slots=True)
class Listing:
    """Files in no order, the positive label, the other one, and what people should know."""

    files: tuple[Listed, ...]
    labels: tuple[str, str]  # negative, positive
    warnings: tuple[str, ...] = ()


def list_folders(directory: str, positive: str) -> Listing:
    """List ``directory/<LABEL>/…`` or ``directory/{train,val,test}/<LABEL>/…``.

    Raises: InputError if there are not two labels, one of them ``positive``, or a label holds no file.
    """
    directory = as_folder(directory)
    folders = _folders(directory)
    splits = [name for name in folders if name.casefold() in SPLITS]
    if not splits:
        labels = _labels(directory, folders, positive)
        return _checked(directory, Listing(tuple(_films(directory, folders, None)), labels))
    inside = {name: _folders(os.path.join(directory, name)) for name in splits}
    spelt: dict[str, str] = {}
    for name in splits:
        for label in inside[name]:
            spelt.setdefault(label.casefold(), label)
    labels = _labels(directory, sorted(spelt.values()), positive)
    files = [f for name in splits for f in _films(os.path.join(directory, name), inside[name], SPLITS[name.casefold()])]
    return _checked(directory, Listing(tuple(files), labels, tuple(_beside(folders, splits))))


def list_csv(directory: str, csv_path: str, positive: str) -> Listing:
    """List the files that a CSV names; relative paths start at ``directory``, or else at the working folder.

    Lines without a label are not used.
    Raises: InputError as `list_folders`, for an unusable CSV, and if no file of a label is there.
    """
    written = read_lines(csv_path)
    lines = [line for line in written if line.label]
    place = {line.path: _place(as_folder(directory), line.path) for line in lines}
    spelt: dict[str, str] = {}
    for line in lines:
        spelt.setdefault(line.label.casefold(), line.label)
    labels = _labels(csv_path, sorted(spelt.values()), positive)
    kept = list(without_repeats(csv_path, lines, place))
    files = (Listed(place[line.path], line.label, line.path, line.split, line.patient, line.columns) for line in kept)
    bare = len(written) - len(lines)
    warnings = [f"{csv_path}: {bare:,} of {len(written):,} lines have no label and are not used"] if bare else []
    return Listing(tuple(files), labels, (*warnings, *_missing(directory, csv_path, kept, place)))


def _place(directory: str, cell: str) -> str:
    """Where a CSV's file is: below the folder, or, as a worklist's answers name it, where the scan was started."""
    names = spellings(cell)
    places = [*(os.path.join(directory, name) for name in names), *names]
    return next(filter(exists, places), places[0])


def _missing(directory: str, csv_path: str, lines: list[Line], place: dict[str, str]) -> Iterator[str]:
    """Warn of files that are not there. Raises: InputError if they are all of a label's."""
    missing = [line for line in lines if not exists(place[line.path])]
    if not missing:
        return
    message = (
        f"{csv_path} names {len(missing):,} of {len(lines):,} files that are not there, first in line "
        f"{missing[0].number}: {missing[0].path} (relative paths start at {directory})"
    )
    there = {line.label.casefold() for line in lines if exists(place[line.path])}
    if there != {line.label.casefold() for line in lines}:
        raise InputError(f"{message}: correct the paths, or give the folder that they start at")
    yield message


def _folders(directory: str) -> list[str]:
    try:
        return subfolders(directory)
    except OSError as error:
        raise InputError(f"{directory}: {error.strerror}: give a folder that holds one folder per label") from error


def _labels(where: str, names: list[str], positive: str) -> tuple[str, str]:
    """Return the two labels, the positive one last. Raises: InputError."""
    found = [name for name in names if name.casefold() == positive.casefold()]
    if len(names) != 2 or len(found) != 1:
        raise InputError(_unlabelled(where, names, positive))
    return next(name for name in names if name not in found), found[0]


def _unlabelled(where: str, names: list[str], positive: str) -> str:
    """Say what labels there are and what they should be."""
    there = f" (found: {', '.join(names)})" if names else ""
    if not os.path.isdir(where):
        return f"{where} needs two labels, NORMAL and {positive} for example{there}; other names: --positive NAME"
    return (
        f"No label folders found in {where}{there}. Expected {os.path.join(where, 'NORMAL')} and "
        f"{os.path.join(where, positive)} (other names: --positive NAME) or --labels FILE.csv"
    )


def _films(directory: str, labels: list[str], split: str | None) -> Iterator[Listed]:
    for label in labels:
        folder = os.path.join(directory, label)
        for source in discover([folder]):
            if source.status is not Status.SKIPPED:  # what fails to be read is listed once it was tried
                yield Listed(source.source, label, os.path.relpath(source.source, folder), split)


def _checked(directory: str, listing: Listing) -> Listing:
    held = {file.label.casefold() for file in listing.files}
    for label in listing.labels:
        if label.casefold() not in held:
            raise InputError(f"{directory}: the folder {label} holds no file: both labels need films")
    return listing


def _beside(folders: list[str], splits: list[str]) -> Iterator[str]:
    if others := [name for name in folders if name not in splits]:
        yield f"{', '.join(others)} beside {', '.join(splits)} is not read"

"""The three ways to lay out labelled films: folders per label, those within train, val and test, or a CSV."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.dataset.label_columns import shown
from xrayscan.dataset.label_csv import SPLITS, Line, read_lines, without_repeats
from xrayscan.dataset.label_values import Meaning, meaning
from xrayscan.dataset.path_matching import Files, matched, ways
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


def list_folders(directory: str, settings: FolderSettings) -> Listing:
    """List ``directory/<LABEL>/…`` or ``directory/{train,val,test}/<LABEL>/…``.

    Raises: InputError if there are not two labels, one of them positive, or a label holds no file.
    """
    directory = as_folder(directory)
    folders = _folders(directory)
    splits = [name for name in folders if name.casefold() in SPLITS]
    if not splits:
        names, empty = _without_empty([directory], folders)
        told = meaning(directory, "folder", names, settings)
        return _checked(directory, Listing(tuple(_films(directory, names, None, told)), told.labels, tuple(empty)))
    inside = {name: _folders(os.path.join(directory, name)) for name in splits}
    every = sorted({label for name in splits for label in inside[name]})
    names, empty = _without_empty([os.path.join(directory, name) for name in splits], every)
    inside = {name: [label for label in inside[name] if label in names] for name in splits}
    told = meaning(directory, "folder", names, settings)
    files = [
        f for name in splits for f in _films(os.path.join(directory, name), inside[name], SPLITS[name.casefold()], told)
    ]
    return _checked(directory, Listing(tuple(files), told.labels, (*_beside(folders, splits), *empty)))


def list_csv(directory: str, csv_path: str, settings: FolderSettings) -> Listing:
    """List the files that a CSV names; relative paths start at ``directory``, or else at the working folder.

    Lines without a label are not used.
    Raises: InputError as `list_folders`, for an unusable CSV, and if no file of a label is there.
    """
    directory = as_folder(directory)
    written = read_lines(csv_path, settings)
    lines = [line for line in written if line.label]
    sets = any(line.listed or "|" in line.label for line in written)
    told = meaning(csv_path, "label", dict.fromkeys(line.label for line in lines), settings, sets=sets)
    kept = [replace(line, label=label) for line in lines if (label := _label(line.label, told)) is not None]
    kept, place, warnings = _placed(directory, csv_path, kept)
    kept = list(without_repeats(csv_path, kept, place))
    files = (Listed(place[line.path], line.label, line.path, line.split, line.patient, line.columns) for line in kept)
    used = sum(_label(line.label, told) is not None for line in lines)
    left_out = [
        f"{csv_path}: {count:,} of {len(written):,} lines have {why} and are not used"
        for count, why in (
            (len(written) - len(lines), "no label"),
            (len(lines) - used, "a label that is ignored or uncertain"),
        )
        if count
    ]
    return Listing(tuple(files), told.labels, (*left_out, *warnings, *_missing(directory, csv_path, kept, place)))


def _label(label: str, told: Meaning) -> str | None:
    """One of the two labels, or None for one that is left out."""
    which = told.of[label.casefold()]
    return None if which is None else told.labels[which]


def _placed(directory: str, csv_path: str, lines: list[Line]) -> tuple[list[Line], dict[str, str], list[str]]:
    """Find the file of each line; a study's line becomes one for each of its files."""
    place = {line.path: _place(directory, line.path) for line in lines}
    astray = [cell for cell, path in place.items() if not exists(path)]
    studies = {line.path for line in lines if line.study}
    if not astray and not studies:
        return lines, place, []
    files = Files(directory)
    if studies:
        spread = [(line, path) for line in lines for path in files.within(line.path) or [place[line.path]]]
        lines = [replace(line, path=path) for line, path in spread]
        return lines, {path: path for _, path in spread}, []
    alone, unclear = matched(astray, (place[cell] for cell in place.keys() - set(astray)), files)
    warnings = []
    if alone:
        warnings.append(f"{csv_path}: {len(place) - len(astray):,} paths as written, {ways(alone)}")
    if unclear:
        warnings.append(f"{csv_path}: {unclear:,} paths may mean several files, or a file of another line: not matched")
    return lines, place | alone, warnings


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
        f"{missing[0].number}: {shown(missing[0].path)} (relative paths start at {directory})"
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


def _without_empty(directories: list[str], labels: list[str]) -> tuple[list[str], list[str]]:
    """The labels less those beyond two whose folders hold no film, and warnings that name these."""
    if len(labels) <= 2:  # two of which one is empty are an error that names it
        return labels, []
    empty = [name for name in labels if not any(_holds_film(os.path.join(at, name)) for at in directories)]
    return [name for name in labels if name not in empty], [f"the folder {name} holds no film" for name in empty]


def _holds_film(folder: str) -> bool:
    return os.path.isdir(folder) and any(source.status is not Status.SKIPPED for source in discover([folder]))


def _films(directory: str, labels: list[str], split: str | None, told: Meaning) -> Iterator[Listed]:
    for name in labels:
        label, folder = _label(name, told), os.path.join(directory, name)
        if label is None:
            continue
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

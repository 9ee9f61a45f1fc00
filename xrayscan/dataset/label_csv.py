"""``labels.csv``: which file has which label, and, where columns say so, whose it is and in which split."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.dataset.label_columns import STUDY, Columns, find_columns, is_heading, shown
from xrayscan.dataset.label_table import read_table
from xrayscan.dataset.label_values import is_list, list_label, mask_label
from xrayscan.errors import InputError
from xrayscan.files.text import counted, unquoted

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
BOXES = {"x_min", "class_name"}  # headings of a table with a line per box, as VinDr-CXR has it


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. ``patient`` and ``split`` are None where the cell is empty or the column missing.

    ``label`` is empty where nobody gave one, as for a film that a reader only made a note of. ``study`` tells that
    ``path`` is a folder, whose files all have the label, ``listed`` that the cell was a list of labels.
    """

    number: int
    path: str
    label: str
    patient: str | None
    split: str | None
    columns: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # what else the line says, by heading in lower case
    study: bool = False
    listed: bool = False


def read_lines(path: str, settings: FolderSettings = FolderSettings()) -> tuple[Line, ...]:
    """Read a CSV with columns for path and label, and maybe patient and split, in any order.

    Other columns are kept by their heading. A table with a line per box becomes one line per file, its labels with
    ``|`` between.
    Raises: InputError for a file that cannot be read, lacks a column, or a line without path or known split.
    """
    heading, rows = read_table(path, lambda cells: is_heading(cells, settings))
    names = [name.casefold() for name in heading]
    columns = find_columns(path, names, settings)
    lines = tuple(_line(path, number, _named(names, cells), columns) for number, cells in rows)
    if not lines:
        raise InputError(f"{path} labels no file: write one line per file below the heading")
    return tuple(_one_per_file(lines)) if set(names) >= BOXES else lines


def without_repeats(csv_path: str, lines: Sequence[Line], place: Mapping[str, str]) -> Iterator[Line]:
    """Yield the first line of each file; ``place`` maps paths to files. Raises: InputError if labels differ."""
    first: dict[str, Line] = {}
    differing = []
    for line in lines:
        known = first.setdefault(os.path.normpath(place[line.path]), line)
        if known is line:
            yield line
        elif known.label.casefold() != line.label.casefold():
            differing.append((known, line))
    if differing:
        known, line = differing[0]
        raise InputError(
            f"{csv_path} calls {shown(line.path)} {shown(known.label)} in line {known.number} and "
            f"{shown(line.label)} in line {line.number}: keep one of them ({counted(len(differing), 'contradiction')})"
        )


def _one_per_file(lines: Sequence[Line]) -> Iterator[Line]:
    by_path: dict[str, list[Line]] = {}
    for line in lines:
        by_path.setdefault(line.path, []).append(line)
    for same in by_path.values():
        yield replace(same[0], label="|".join(dict.fromkeys(line.label for line in same if line.label)))


def _named(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells by their heading; what has none, such as the numbers that pandas puts in front, says nothing."""
    return {name: cell for name, cell in zip(names, cells, strict=False) if name}


def _line(path: str, number: int, cells: dict[str, str], columns: Columns) -> Line:
    named = cells.get(columns.path, "") if columns.path else _study(cells)
    if not named:
        raise InputError(f"{path}, line {number}: no path")
    patient = cells.get(columns.patient or "") or None
    split = cells.get(columns.split or "") or None
    if split and split.casefold() not in SPLITS:
        raise InputError(f"{path}, line {number}: unknown split '{shown(split)}': write train, val or test")
    used = {columns.path, columns.label, columns.patient, columns.split}
    others = {name: cell for name, cell in cells.items() if name not in used}
    kept = SPLITS[split.casefold()] if split else None
    label = unquoted(cells.get(columns.label, ""))
    if columns.label == "encodedpixels":
        label = mask_label(label)
    listed = is_list(label)
    label = list_label(label) if listed else label
    return Line(number, named, label, patient, kept, others, columns.path is None, listed)


def _study(cells: Mapping[str, str]) -> str:
    """The folder of a study of MIMIC-CXR, such as p10/p10000032/s50414267."""
    subject, study = (cells.get(name, "") for name in STUDY)
    return f"p{subject[:2]}/p{subject}/s{study}" if subject and study else ""

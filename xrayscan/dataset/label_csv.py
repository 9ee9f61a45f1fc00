"""``labels.csv``: which file has which label, and, where columns say so, whose it is and in which split."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xrayscan.errors import InputError
from xrayscan.files.text import escaped, unquoted

SHOWN = 60  # characters of a cell in a message
NEEDED, OPTIONAL = ("path", "label"), ("patient", "split")
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. ``patient`` and ``split`` are None where the cell is empty or the column missing.

    ``label`` is empty where nobody gave one, as for a film that a reader only made a note of.
    """

    number: int
    path: str
    label: str
    patient: str | None
    split: str | None
    columns: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # what else the line says, by heading in lower case


def read_lines(path: str) -> tuple[Line, ...]:
    """Read a CSV with a heading ``path,label[,patient][,split]``, in any order, separated by comma, semicolon or tab.

    Other columns are kept by their heading.

    Raises: InputError for a file that cannot be read, lacks a column, or a line without path or known split.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = list(_rows(path, file))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}: give a CSV with the columns path,label") from error
    except csv.Error as error:
        raise InputError(f"{path}: {error}: save it as CSV with the columns path,label") from error
    if not rows:
        raise InputError(f"{path} labels no file: write one line per file below the heading")
    return tuple(rows)


def without_repeats(csv_path: str, lines: Sequence[Line], place: dict[str, str]) -> Iterator[Line]:
    """Yield the first line of each file; ``place`` maps paths to files. Raises: InputError if labels differ."""
    first: dict[str, Line] = {}
    for line in lines:
        known = first.setdefault(os.path.normpath(place[line.path]), line)
        if known is line:
            yield line
        elif known.label.casefold() != line.label.casefold():
            raise InputError(
                f"{csv_path} calls {_shown(line.path)} {_shown(known.label)} in line {known.number} and "
                f"{_shown(line.label)} in line {line.number}: keep one of them"
            )


def _shown(text: str) -> str:
    """A cell as it fits into a message: on one line, and not without end."""
    line = escaped(text)
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _rows(path: str, file: Iterator[str]) -> Iterator[Line]:
    heading = next(file, "")
    delimiter = max(DELIMITERS, key=heading.count)
    names = [name.strip().casefold() for name in next(csv.reader([heading], delimiter=delimiter), [])]
    if missing := [name for name in NEEDED if name not in names]:
        found = _shown(", ".join(filter(None, names)) or "nothing")
        raise InputError(f"{path} has no column {missing[0]} (its heading: {found}): the first line must be path,label")
    reader = csv.reader(file, delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield _line(path, reader.line_num + 1, dict(zip(names, map(str.strip, cells), strict=False)))


def _line(path: str, number: int, cells: dict[str, str]) -> Line:
    if not cells.get("path"):
        raise InputError(f"{path}, line {number}: no path")
    patient, split = (cells.get(name) or None for name in OPTIONAL)
    if split and split.casefold() not in SPLITS:
        raise InputError(f"{path}, line {number}: unknown split '{_shown(split)}': write train, val or test")
    others = {name: cell for name, cell in cells.items() if name and name not in NEEDED + OPTIONAL}
    kept = SPLITS[split.casefold()] if split else None
    return Line(number, cells["path"], unquoted(cells.get("label", "")), patient, kept, others)

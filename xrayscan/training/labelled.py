"""A labelled folder: which films it holds, what humans said of them, and whose they are."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from xrayscan.discover import discover
from xrayscan.errors import InputError

# File names that tell patients apart in public pediatric sets. Each scheme counts for itself: person7_virus and
# person7_bacteria are two children. Source: Kermany et al., Mendeley Data, doi:10.17632/rscbjbr9sj.
PATIENT_SCHEMES = (
    re.compile(r"^(person\d+_(?:bacteria|virus))", re.IGNORECASE),
    re.compile(r"^((?:NORMAL2-)?IM-\d+)", re.IGNORECASE),
    re.compile(r"^(patient[-_]?\d+)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One file of a labelled folder. ``label`` is 1 with the finding, 0 without."""

    path: str
    label: int
    patient: str


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """What a labelled folder holds, sorted by path. ``labels`` are the folders' names, without and with the finding."""

    films: tuple[LabelledFilm, ...]
    labels: tuple[str, str]


def read_folder(directory: str, *, positive: str = "PNEUMONIA") -> LabelledFolder:
    """List ``directory/<LABEL>/…``: two folders, one of them called ``positive`` (in upper or lower case).

    Raises: InputError if there are not exactly two, or neither is ``positive``.
    """
    try:
        folders = sorted(e.name for e in os.scandir(directory) if e.is_dir() and not e.name.startswith("."))
    except OSError as error:
        raise InputError(f"{directory}: {error.strerror}: give a folder that holds one folder per label") from error
    with_finding = [name for name in folders if name.casefold() == positive.casefold()]
    if len(folders) != 2 or len(with_finding) != 1:
        found = ", ".join(folders) or "no folder"
        raise InputError(
            f"{directory} holds {found}: it needs two folders, one of them {positive} "
            "(--positive names the finding's folder when it is called otherwise)"
        )
    negative = next(name for name in folders if name not in with_finding)
    labels = (negative, with_finding[0])
    films = sorted((film for n, name in enumerate(labels) for film in _films(directory, name, n)), key=lambda f: f.path)
    return LabelledFolder(tuple(films), labels)


def patient_of(path: str) -> str:
    """Name the patient that a file name points to, by the known naming schemes; else the file is its own patient.

    Films of a folder ``a`` never share a patient with films of a folder ``b``: their counters are not the same.
    """
    folder, name = os.path.split(path)
    for scheme in PATIENT_SCHEMES:
        if match := scheme.match(name):
            return os.path.join(folder, match[1].casefold())
    return path


def _films(directory: str, label_folder: str, label: int) -> Iterator[LabelledFilm]:
    for source in discover([os.path.join(directory, label_folder)]):
        if not source.reason:
            yield LabelledFilm(source.source, label, patient_of(source.source))

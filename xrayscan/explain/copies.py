"""Worklist → the films themselves, by tier and in reading order, in a folder of their own."""

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from xrayscan.errors import DecodeError, OutputError
from xrayscan.explain.unchanged import read_unchanged
from xrayscan.files.atomic import new_file, writing
from xrayscan.files.run_folder import make_folder
from xrayscan.files.text import encodable
from xrayscan.sources.address import LOCAL, scheme, split
from xrayscan.worklist.worklist import Worklist, WorklistRow

LINKED = "it cannot be linked to: it lies in an archive or in a store"
NAME_LENGTH = 80  # characters of a film's own name in that of its copy
REMEDY = "give another --copy-to"
HARMFUL = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Copied:
    """How many films went where they should, and which did not: (source, why)."""

    films: int
    missing: tuple[tuple[str, str], ...]


def refuse_copies(folder: str, scanned: Iterable[str]) -> None:
    """Raise OutputError for a folder that holds anything, or lies where films are looked for and would be found."""
    with writing(folder, REMEDY), contextlib.suppress(FileNotFoundError):
        if os.listdir(folder):
            raise OutputError(f"{encodable(folder)} is not empty, and nothing is replaced: {REMEDY}")
    inside = os.path.join(os.path.realpath(folder), "")
    for path in scanned:
        if os.path.isdir(path) and inside.startswith(os.path.join(os.path.realpath(path), "")):
            raise OutputError(f"{encodable(folder)} lies in {encodable(path)}, where it would be scanned: {REMEDY}")


def copy_films(
    worklist: Worklist, folder: str, *, way: Literal["copy", "link"] = "copy", share: bool = False
) -> Copied:
    """Copy or link every scored film to ``FOLDER/<tier>/<rank>-<name>``; an existing file is never written over.

    A film is copied only if it is still the one that was scored; a link leads to the path, whatever stands there.
    Copies are whole files, headers included. ``share``: folders are open as the umask says, not to their owner alone.
    Raises: OutputError where a folder or file cannot be written, or is there already.
    """
    make_folder(folder, share=share, remedy=REMEDY)
    done, missing = 0, []
    for number, row in enumerate(worklist.scored(), 1):
        tier = os.path.join(folder, row.tier)
        make_folder(tier, share=share, remedy=REMEDY)
        if problem := _placed(row, os.path.join(tier, copy_name(number, row)), way):
            missing.append((row.source, problem))
        else:
            done += 1
    return Copied(done, tuple(missing))


def copy_name(number: int, row: WorklistRow) -> str:
    """Such as ``00012-film_01.jpeg``: the place in the list, and what is harmless of the film's own name."""
    name = HARMFUL.sub("_", encodable(os.path.basename(row.source)))[-NAME_LENGTH:].rstrip(".")
    while len(name.encode()) > 2 * NAME_LENGTH:  # file systems count bytes
        name = name[1:]
    return f"{number:05}-{name}"


def _placed(row: WorklistRow, path: str, way: str) -> str | None:
    """Put one film where it belongs. Return why it could not be had, if so."""
    with writing(path, REMEDY):
        if way == "link":
            return _linked(row, path)
        try:
            data = read_unchanged(row.source, row.facts.sha256)
        except DecodeError as error:
            return str(error)
        with open(path, "xb", opener=new_file) as file:
            file.write(data)
    return None


def _linked(row: WorklistRow, path: str) -> str | None:
    if not os.path.lexists(row.source):
        return LINKED if split(row.source) or scheme(row.source) != LOCAL else "no such file"
    os.symlink(os.path.abspath(row.source), path)
    return None

"""Where a run's output goes: into a folder or file of its own, so that nothing finished is overwritten in silence."""

import contextlib
import os
import re
from collections.abc import Callable, Iterable

from xrayscan.errors import OutputError
from xrayscan.files.atomic import ANOTHER_OUT, new_folder, writing
from xrayscan.files.text import encodable

OVERWRITE = "give another --out, or --overwrite to replace it"


def make_folder(path: str, *, share: bool = False, remedy: str = ANOTHER_OUT) -> None:
    """Make a folder for output: its owner's alone, or with ``share`` as the umask says. One that is there stays.

    Raises: OutputError that ends in ``remedy``; also for an address, which is no folder of this machine.
    """
    if "://" in path:
        raise OutputError(f"{encodable(path)} is an address, and this is written to folders alone: {ANOTHER_OUT}")
    with writing(path, remedy):
        os.makedirs(path, 0o777 if share else 0o700, exist_ok=True)


def own_folder(base: str, *, goes_on: Callable[[str], bool] = lambda folder: False, share: bool = False) -> str:
    """Choose the folder of a run for which none was named: ``base``, ``base-2``, ``base-3`` and so on.

    That is the newest one with which the run ``goes_on``, else a new one, or one that is empty. It is made here, so
    that of two runs that begin together each gets its own. Raises: OutputError.
    """
    numbers = sorted(_numbers(base), reverse=True)
    for folder in (_numbered(base, number) for number in numbers):
        if goes_on(folder):
            return folder
    number = numbers[0] if numbers and _is_empty(_numbered(base, numbers[0])) else next(iter(numbers), 0) + 1
    while True:
        folder = _numbered(base, number)
        with writing(folder):
            try:
                os.makedirs(folder, 0o777 if share else 0o700)
            except FileExistsError:
                if not _is_empty(folder):
                    number += 1
                    continue
            return folder


def own_file(path: str) -> str:
    """Choose the file of a run for which none was named: ``page.html``, ``page-2.html`` and so on."""
    stem, ending = os.path.splitext(path)
    number = 1
    while os.path.lexists(free := _numbered(stem, number) + ending):
        number += 1
    return free


def refuse_finished(folder: str, names: Iterable[str], *, overwrite: bool) -> None:
    """Raise OutputError if the folder holds one of these files, which a finished run left, unless they may go."""
    held = [name for name in names if os.path.lexists(os.path.join(folder, name))]
    if held and not overwrite:
        raise OutputError(f"{encodable(folder)} holds a finished run ({held[0]}): {OVERWRITE}")


def refuse_file(path: str, *, overwrite: bool) -> None:
    """Raise OutputError if there is a file of this name already, unless it may go."""
    if os.path.lexists(path) and not overwrite:
        raise OutputError(f"{encodable(path)} is there already: {OVERWRITE}")


def make_subfolder(path: str) -> None:
    """Make a folder inside an output folder, as open as that one. Raises: OutputError, also for a link of its name."""
    if os.path.islink(path):
        raise OutputError(f"{encodable(path)} is a link, and is not followed: remove it, or {ANOTHER_OUT}")
    with writing(path):
        with contextlib.suppress(FileExistsError):
            new_folder(path)
        if not os.path.isdir(path):
            raise OutputError(f"{encodable(path)} is no folder: remove it, or {ANOTHER_OUT}")


def _numbers(base: str) -> Iterable[int]:
    """The numbers of the folders, or whatever else has their names."""
    folder, name = os.path.split(base)
    pattern = re.compile(rf"{re.escape(name)}(?:-([2-9]|[1-9]\d+))?")
    with contextlib.suppress(OSError):
        for found in filter(None, map(pattern.fullmatch, os.listdir(folder or os.curdir))):
            yield int(found[1] or 1)


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"


def _is_empty(folder: str) -> bool:
    try:
        return not os.listdir(folder)
    except OSError:
        return False

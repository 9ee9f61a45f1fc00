"""Where processes of ours import from: never from the working folder, which may be the one that is scanned."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator


def without_working_folder(entries: Iterable[object]) -> list[str]:
    """Return a module search path without the working folder, in the same order.

    It gets there by ``python -m``, by ``-c``, and by an empty entry in PYTHONPATH. It stays where PYTHONPATH names it
    in so many words, or where xrayscan itself was imported from it: a checkout that is not installed.
    """
    try:
        here = os.getcwd()
    except OSError:  # it was removed, so nothing can be imported from it
        here = ""
    wanted = {os.path.abspath(entry) for entry in _named(os.environ.get("PYTHONPATH", ""))} if here else set()
    wanted.add(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    texts = (entry for entry in entries if isinstance(entry, str))
    return [entry for entry in texts if (entry and entry != here) or (here and here in wanted)]


def safe_environment() -> dict[str, str]:
    """Return the environment for a process of ours: PYTHONPATH without the empty entries that mean "here"."""
    named = os.pathsep.join(_named(os.environ.get("PYTHONPATH", "")))
    rest = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return rest | {"PYTHONSAFEPATH": "1"} | ({"PYTHONPATH": named} if named else {})


def leave_working_folder() -> None:
    """Take the working folder off this process's path, and keep it off that of its children."""
    sys.path[:] = without_working_folder(sys.path)
    safe = safe_environment()
    os.environ.update(safe)
    if "PYTHONPATH" not in safe:
        os.environ.pop("PYTHONPATH", None)


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    """Make Python's own folder the working folder meanwhile, for a library that reads what lies there."""
    try:
        here = os.getcwd()
    except OSError:  # it was removed, and there is no way back
        yield
        return
    os.chdir(os.path.dirname(os.path.abspath(os.__file__)))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # it was removed meanwhile
            os.chdir(here)


def _named(path: str) -> list[str]:
    return [entry for entry in path.split(os.pathsep) if entry]

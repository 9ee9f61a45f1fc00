"""Reports → an object store, where the ``--out`` of a run is an address. The run itself stays on this machine.

A run by an address has a folder of its own here, with its store and all its reports, from which they are put under the
address: ``out.json`` before the scan, so that a store that takes nothing is told of before any film is read, and
``run.json`` behind the last report. Nothing is sent of the store of records.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from xrayscan.errors import OutputError, UsageError, XrayscanError
from xrayscan.files.atomic import atomic_writer
from xrayscan.files.own_output import OUT_NAME
from xrayscan.files.run_folder import make_folder
from xrayscan.files.text import encodable
from xrayscan.plugin.sources import installed_sources
from xrayscan.sources.address import LOCAL, scheme
from xrayscan.sources.credentials import REASON, without_credentials
from xrayscan.sources.interface import Place, Search, Writable

BESIDE = ("heatmaps", "run.json")  # no reports, and worth having with them; in this order
THREADS = 16  # files of one folder that are on their way at a time


def is_address(path: str) -> bool:
    """Whether this is an address rather than a path of this machine."""
    return scheme(path) != LOCAL


def out_address(address: str, places: Mapping[str, Place]) -> str:
    """Return the address of a folder of reports as it is used. Raises: UsageError where nothing is written to such."""
    if (safe := without_credentials(address)) != address:
        raise UsageError(f"{safe}: {REASON}")
    name = scheme(address)
    if not isinstance(places.get(name), Writable):
        able = [f"{other}://" for other, place in places.items() if isinstance(place, Writable)]
        raise UsageError(f"reports are not written to {name}:// addresses, but to {', '.join(able) or 'folders alone'}")
    return _plain(address)


def folder_of(run: str) -> str:
    """Return the folder of a run on this machine, by its address or by its path."""
    if not is_address(run):
        return run
    import platformdirs

    address = _plain(run)
    name = re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-")[:60]
    folder = f"{name}-{hashlib.sha256(address.encode(errors='surrogateescape')).hexdigest()[:8]}"
    return os.path.join(platformdirs.user_state_dir("xrayscan", appauthor=False), "runs", folder)


def _plain(address: str) -> str:
    """The one way to write the address of a folder: with its scheme in small letters, without a slash at its end."""
    return f"{scheme(address)}://{address.partition('://')[2].rstrip('/')}"


def begin(address: str, *, share: bool = False) -> str:
    """Make the folder of a run by this address, and see that reports can be put there; return the folder.

    Raises: UsageError where packages or credentials are missing; OutputError.
    """
    folder = folder_of(address)
    make_folder(folder, share=share)
    path = os.path.join(folder, OUT_NAME)
    with atomic_writer(path) as file:
        json.dump({"address": address, "started": datetime.now(UTC).isoformat(timespec="seconds")}, file)
    _put(_place(address), f"{address}/{OUT_NAME}", path)
    return folder


def publish(folder: str, paths: Iterable[str]) -> list[str]:
    """Put files and folders of a run's folder under its address, if it has one; return what they are called now.

    What stands `BESIDE` reports goes with them. Each file is there whole or not at all. What an older report left in a
    folder is deleted once the new files are there. Raises: OutputError that names what could not be written.
    """
    address = _address_of(folder)
    if not address:
        return list(paths)
    place = _place(address)
    named = {path: f"{address}/{os.path.basename(path)}" for path in paths}
    beside = {os.path.join(folder, name): f"{address}/{name}" for name in BESIDE}
    try:
        for path, name in sorted({**named, **beside}.items(), key=_is_last):
            if os.path.lexists(path):
                (_put_folder if os.path.isdir(path) else _put)(place, name, path)
    except OutputError as error:
        told = f"{error}; nothing is lost, and `xrayscan report {encodable(address)}` writes the reports"
        raise OutputError(told) from error
    return list(named.values())


def _is_last(named: tuple[str, str]) -> bool:
    """Whether this says that all the rest is there."""
    return os.path.basename(named[0]) == BESIDE[-1]


def _put_folder(place: Writable, address: str, path: str) -> None:
    files = {f"{address}/{name}": os.path.join(path, name) for name in sorted(os.listdir(path))}
    with ThreadPoolExecutor(THREADS) as threads:
        for waiting in [threads.submit(_put, place, name, file) for name, file in files.items()]:
            waiting.result()
    for found in list(place.find([f"{address}/"], Search())):
        if found.reason:
            raise OutputError(f"{address}: what an older report left there cannot be looked for: {found.reason}")
        if found.path not in files:
            _guarded(place.remove, found.path)


def _put(place: Writable, address: str, path: str) -> None:
    _guarded(place.put, address, path)


def _guarded(call: Callable[..., None], address: str, *more: str) -> None:
    """Have a place write; what fails in a plugin's is told by its kind alone."""
    try:
        call(address, *more)
    except OutputError as error:
        raise OutputError(f"{encodable(address)} cannot be written: {error}") from error
    except XrayscanError as error:
        raise UsageError(f"{encodable(address)}: {error}") from error
    except Exception as error:
        raise OutputError(f"{encodable(address)} cannot be written ({type(error).__name__})") from error


def _place(address: str) -> Writable:
    place = installed_sources().get(scheme(address))
    if not isinstance(place, Writable):
        raise UsageError(f"{encodable(address)}: no plugin that is installed writes reports there")
    return place


def _address_of(folder: str) -> str:
    """Where the reports of a run go; empty where they stay in its folder."""
    try:
        with open(os.path.join(folder, OUT_NAME), encoding="utf-8") as file:
            told = json.load(file)
    except (OSError, ValueError):
        return ""
    return str(told.get("address", "")) if isinstance(told, dict) else ""

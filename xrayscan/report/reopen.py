"""A run's folder → its worklist once more, with other settings and without scanning."""

import contextlib
import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from xrayscan.errors import ModelError, OutputError
from xrayscan.files.json_text import parsed
from xrayscan.files.regular import read_regular
from xrayscan.files.text import encodable
from xrayscan.model.card import ModelCard
from xrayscan.model.parameters import parse
from xrayscan.models import DEFAULT
from xrayscan.report.interface import PictureSettings
from xrayscan.store.finished import read_finished
from xrayscan.store.sqlite import START_OVER
from xrayscan.worklist.order import RankSettings
from xrayscan.worklist.worklist import Worklist


def reopen(folder: str, settings: RankSettings | None = None) -> Worklist:
    """Return the worklist of the last scan into this folder. Close it when done, or use it as a context manager.

    Raises: InputError if there is no scan; OutputError if it was interrupted or is damaged; ModelError if a card is.
    """
    store = read_finished(folder)
    try:
        cards, names = store.recall("cards"), store.recall("names")
        if not all(isinstance(each, list) and len(each) == len(store.models) for each in (cards, names)):
            raise OutputError(f"{encodable(folder)} was written by another version of xrayscan: {START_OVER}")
        return Worklist(store, [ModelCard.from_json(str(card)) for card in cards], settings, list(map(str, names)))
    except BaseException:
        store.close()
        raise


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scan was asked for, as its ``run.json`` tells; what is missing there or makes no sense is left out."""

    model: str = DEFAULT  # the first one
    folders: tuple[str, ...] = ()
    when: str = ""  # it ended, for people
    rank: Mapping[str, Any] = field(default_factory=dict)  # of RankSettings
    pictures: Mapping[str, Any] = field(default_factory=dict)  # of PictureSettings


def asked(folder: str) -> Asked:
    """Return what the scan into this folder was asked for."""
    try:
        content = parsed(read_regular(os.path.join(folder, "run.json")))
    except (OSError, ValueError):
        return Asked()
    run = _mapping(content)
    settings = _mapping(run.get("settings"))
    return Asked(
        next(iter(_texts(settings.get("models"))), DEFAULT),
        _texts(settings.get("paths")),
        when(run.get("finished")),
        _usable(RankSettings, _mapping(settings.get("rank"))),
        _usable(PictureSettings, _mapping(settings.get("pictures"))),
    )


def when(moment: object) -> str:
    """Return an ISO time for people, such as "2026-11-21 12:30 UTC"; empty if it is none."""
    try:
        return f"{datetime.fromisoformat(str(moment)):%Y-%m-%d %H:%M %Z}"
    except ValueError:
        return ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _usable(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that the dataclass takes."""
    known = {each.name for each in dataclasses.fields(kind)}
    found = {}
    for name in known & set(values):
        with contextlib.suppress(ModelError):
            found[name] = getattr(parse(kind, {name: values[name]}, of="run.json"), name)
    return found

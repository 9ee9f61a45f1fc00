"""A run's folder → its worklist once more, with other settings and without scanning."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xrayscan.card import ModelCard
from xrayscan.errors import OutputError
from xrayscan.rank import RankSettings, Worklist
from xrayscan.report.text import encodable
from xrayscan.scanner import STORE_NAME
from xrayscan.sqlitefile import START_OVER
from xrayscan.store import Store


def reopen(folder: str, settings: RankSettings | None = None) -> Worklist:
    """Return the worklist of the last scan into this folder. Close it when done, or use it as a context manager.

    Raises: OutputError if there is no scan, or it was interrupted or is damaged; ModelError if a card beside it is.
    """
    store = Store.read(os.path.join(folder, STORE_NAME))
    try:
        if not store.complete:
            raise OutputError(f"the scan in {encodable(folder)} was interrupted: run the same `xrayscan predict` again")
        cards, names = store.recall("cards"), store.recall("names")
        if not all(isinstance(each, list) and len(each) == len(store.models) for each in (cards, names)):
            raise OutputError(f"{encodable(folder)} was written by another version of xrayscan: {START_OVER}")
        return Worklist(store, [ModelCard.from_json(str(card)) for card in cards], settings, list(map(str, names)))
    except BaseException:
        store.close()
        raise


def asked(folder: str) -> Mapping[str, Any]:
    """Return ``run.json`` of a run, which says what the scan was asked for; empty where it is missing or damaged."""
    try:
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def when(moment: str) -> str:
    """Return an ISO time for people, such as "2026-11-21 12:30 UTC"; empty if it is none."""
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M %Z}"
    except ValueError:
        return ""

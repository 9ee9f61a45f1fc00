"""The run's SQLite file: its marks, what is remembered beside the records, and what its damage means to a user."""

import json
import os
import sqlite3
from collections.abc import Iterator
from typing import Any, Self

from xrayscan.errors import InputError, OutputError
from xrayscan.files.json_text import parsed
from xrayscan.files.text import encodable
from xrayscan.store import schema
from xrayscan.store.sqlite import START_OVER, explained, refuse_links


class StoreFile:
    """One connection to the file. Close it, or use it as a context manager; use it from one thread only."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._db, self._path = connection, path
        self.run, self.models = 0, tuple[str, ...]()  # the last run's number, from 1; fingerprints of the models

    @property
    def complete(self) -> bool:
        """Whether the last run came to its end; if not, its worklist lacks what it had not reached."""
        return bool(self.recall("complete"))

    @property
    def computed(self) -> tuple[str, ...]:
        """Runtime and precision that the films were scored by; empty where that is not known."""
        told = self.recall("computed")
        return tuple(map(str, told)) if isinstance(told, list) and len(told) == 2 else ()

    def remember(self, **values: Any) -> None:
        """Keep JSON values beside the records, such as the model's card for reports made later."""
        rows = [(key, json.dumps(value)) for key, value in values.items()]
        with explained(self._path):
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def recall(self, key: str) -> Any:
        """Return a value that was remembered, or None."""
        with explained(self._path):
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            try:
                return None if row is None else parsed(row[0])
            except (ValueError, TypeError) as error:
                raise self._damaged() from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look(self) -> None:
        """Read whose file it is, and of which run and models. Raises: OutputError if it is none of this version's."""
        pragmas = ("application_id", "user_version")
        application, version = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas)
        if application != schema.APPLICATION_ID:
            raise OutputError(f"{encodable(self._path)} is not a scan of xrayscan: {START_OVER}")
        if version != schema.SCHEMA_VERSION:
            raise OutputError(f"{encodable(self._path)} was written by another version of xrayscan: {START_OVER}")
        try:
            self.run, self.models = int(self.recall("run")), tuple(map(str, self.recall("models")))
        except (TypeError, ValueError, OverflowError) as error:
            raise self._damaged() from error

    def _select(self, sql: str, *values: Any) -> Iterator[Any]:
        with explained(self._path):
            rows = self._db.execute(sql, values)
            yield from iter(rows.fetchone, None)  # "yield from rows" would close them, be it after their connection

    def _damaged(self) -> OutputError:
        return OutputError(f"{encodable(self._path)} is damaged: {START_OVER}")


def refuse_absent(path: str) -> None:
    """Raises: InputError where no scan has left a store; OutputError where a link stands in its place."""
    if not os.path.exists(path):
        raise InputError(f"{encodable(path)}: no scan in this folder: run `xrayscan predict` first")
    refuse_links(path)

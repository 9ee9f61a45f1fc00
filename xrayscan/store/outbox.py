"""What was sent where, in the run's store: a file is waiting until whoever sent it knows that it arrived."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Self

from xrayscan.store.sqlite import connect, explained, transaction
from xrayscan.store.store import STORE_NAME
from xrayscan.store.store_file import refuse_absent

SCHEMA = """
    CREATE TABLE IF NOT EXISTS outbox (
        destination TEXT NOT NULL, name TEXT NOT NULL,
        problem TEXT,  -- why it did not arrive; NULL: it did
        PRIMARY KEY (destination, name))"""
WAITING = "not sent yet"


class Outbox:
    """The outbox of one run. Every method commits, so that what a killed process had sent is known."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._db, self._path = connection, path

    @classmethod
    @contextlib.contextmanager
    def of_run(cls, folder: str) -> Iterator[Self]:
        """Open the outbox of a scan's folder; only one process sends at a time.

        Raises: InputError if there is no scan; OutputError if the store is in use or damaged.
        """
        path = os.path.join(folder, STORE_NAME)
        refuse_absent(path)
        with explained(path), contextlib.closing(connect(path)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            with transaction(connection, "EXCLUSIVE"):
                connection.execute(SCHEMA)
            yield cls(connection, path)

    def destinations(self) -> list[str]:
        """Every address that something was to be sent to."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT destination FROM outbox ORDER BY 1")]

    def expect(self, destination: str, names: Iterable[str], *, refused: bool = True) -> list[str]:
        """Note that these files are to be sent, and no others any more; return those that have not arrived.

        Without ``refused``: those of them that were not refused either.
        """
        wanted = sorted(set(names))
        with transaction(self._db):
            known = "SELECT name FROM outbox WHERE destination = ? AND problem IS NOT NULL"
            gone = {name for (name,) in self._db.execute(known, (destination,))} - set(wanted)
            self._db.executemany(
                "DELETE FROM outbox WHERE destination = ? AND name = ?", ((destination, name) for name in gone)
            )
            new = ((destination, name, WAITING) for name in wanted)
            self._db.executemany("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?)", new)
        problem = "problem NOTNULL" if refused else f"problem = '{WAITING}'"
        waiting = f"SELECT name FROM outbox WHERE destination = ? AND {problem} ORDER BY name"
        return [name for (name,) in self._db.execute(waiting, (destination,))]

    def note(self, destination: str, name: str, problem: str | None = None) -> None:
        """Note that a file arrived, or why it did not."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE outbox SET problem = ? WHERE destination = ? AND name = ?", (problem, destination, name)
            )

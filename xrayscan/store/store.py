"""The store of a scan: every record, kept as it is made, so that a later run can go on from there.

It may lie on a network drive: a rollback journal, no shared memory, and one writer that locks the file.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import Self

from xrayscan.errors import InputError, OutputError
from xrayscan.files.atomic import new_file
from xrayscan.files.own_output import STORE_NAME as STORE_NAME
from xrayscan.files.run_folder import make_folder
from xrayscan.files.text import encodable
from xrayscan.sources.source import Source
from xrayscan.store import schema
from xrayscan.store.record import ScanRecord, Status
from xrayscan.store.rows import Counts, identity, other_models, row_of
from xrayscan.store.sqlite import START_OVER, connect, explained, refuse_links, remove, transaction
from xrayscan.store.store_file import refuse_absent
from xrayscan.store.stored_records import StoredRecords

KEEP_BATCH = 10_000  # records kept per transaction
CACHE_KIB = 4_096
COMMIT_SECONDS = 0.5  # between commits, each of which waits for the disk, and the readers with it


class Store(StoredRecords):
    """The records of one scan: those of the runs before, and those that this one adds."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        super().__init__(connection, path)
        self._kept: list[tuple[int]] = []  # ids, not yet in the file
        self.waiting: list[tuple[Source, ScanRecord]] = []  # the last ones given, not in the file until then:
        self._due = 0.0
        self._begun = True  # whether what is in the file belongs to this run
        self._was_empty = False  # when this run started: then there is nothing to take over
        self._renamed: list[tuple[bytes, int]] = []  # source and id of those given in another way than before

    @classmethod
    def open(
        cls, path: str, *, models: tuple[str, ...], inputs: str | None = None, fresh: bool = False, share: bool = False
    ) -> Self:
        """Create the store, or reopen it and start another run. ``models`` are fingerprints, the first one's first;
        ``inputs`` is that of the paths to be scanned, None for any. ``share`` is for the folder, if it is made.

        Raises: OutputError if another scan writes to it, it holds a scan of other inputs or by other models, it is a
        link, or it cannot be used.
        """
        make_folder(os.path.dirname(path) or os.curdir, share=share)
        refuse_links(path)
        with explained(path):
            if fresh:
                remove(path)
            with contextlib.suppress(FileExistsError):
                os.close(new_file(path))
            return cls._connected(path, lambda store: store._start(models, inputs))

    @classmethod
    def goes_on(cls, path: str, *, models: tuple[str, ...], inputs: str) -> bool:
        """Whether there is a store that `open` would go on with. One that is being written to is not."""
        try:
            with cls.read(path) as store:
                return store.run == 0 or (store.models, store.recall("inputs")) == (models, inputs)
        except (InputError, OutputError):
            return False

    @classmethod
    def read(cls, path: str) -> Self:
        """Open an earlier scan's store to read its last run. Raises: InputError if there is none; OutputError."""
        refuse_absent(path)
        with explained(path):
            store = cls._connected(path, lambda store: store._look())
            store._db.execute("PRAGMA query_only = ON")
            return store

    @classmethod
    def _connected(cls, path: str, prepare: Callable[[Self], None]) -> Self:
        with contextlib.ExitStack() as undo:
            store = cls(connect(path), path)
            undo.callback(store._db.close)
            prepare(store)
            undo.pop_all()
        return store

    def _start(self, models: tuple[str, ...], inputs: str | None) -> None:
        # locked from the first transaction until it is closed
        for setting in ("locking_mode = EXCLUSIVE", "synchronous = NORMAL", f"cache_size = -{CACHE_KIB}"):
            self._db.execute(f"PRAGMA {setting}")
        with transaction(self._db, "EXCLUSIVE"):
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                for statement in schema.SCHEMA:
                    self._db.execute(statement)
                self.remember(models=models, run=0)
            self._look()
            if self.run == 0:  # nothing was ever kept here
                self.remember(models=models, inputs=inputs)
                self.models = models
            folder = encodable(os.path.dirname(self._path) or ".")
            if others := self.models != models and other_models(self.recall("names"), self.models, models):
                raise OutputError(f"{folder} holds a scan by {others}: {START_OVER}")
            if inputs is not None and self.recall("inputs") != inputs:
                raise OutputError(f"{folder} holds a scan of other files or folders: {START_OVER}")
            self.run += 1
            self._begun = False
            self._was_empty = self._db.execute("SELECT 1 FROM records LIMIT 1").fetchone() is None
        self._db.execute("PRAGMA journal_mode = DELETE")

    def _begin(self) -> None:
        """Leave the earlier run behind, once there is something to keep: one that fails before leaves no trace."""
        if not self._begun:
            self._db.execute("DELETE FROM kept")
            self.remember(run=self.run, complete=False, removed=0)

    def reuse(self, source: Source) -> Status | None:
        """Take over an unchanged file's record into this run and return how it ended; None if it is to be read.

        Unchanged: the same absolute path and `IDENTITY`. A failed record without a checksum is never kept.
        """
        if source.reason is not None or self._was_empty:
            return None
        with explained(self._path):
            key = os.fsencode(source.path), *identity(source)
            if (row := self._db.execute(schema.FIND, key).fetchone()) is None:
                return None
            self._kept.append(row[:1])
            if row[2] != (given := os.fsencode(source.source)):
                self._renamed.append((given, row[0]))
            if len(self._kept) >= KEEP_BATCH:
                self.write()
            return Status(row[1])

    def write(self, records: Iterable[tuple[Source, ScanRecord]] = (), *, soon: bool = False) -> None:
        """Commit these records, all or none, and what was kept until now; ``soon``: within `COMMIT_SECONDS` or so."""
        self.waiting += list(records)
        if soon and time.monotonic() < self._due:
            return
        written, self.waiting = self.waiting, []
        with explained(self._path), transaction(self._db):
            self._begin()
            self._db.executemany("INSERT OR IGNORE INTO kept VALUES (?)", self._kept)
            self._db.executemany("UPDATE records SET source = ? WHERE id = ?", self._renamed)
            self._db.executemany(schema.WRITE, (row_of(self.run, source, record) for source, record in written))
        self._due = time.monotonic() + COMMIT_SECONDS
        self._begun = True  # only now: what was rolled back has not begun
        self._kept.clear()
        self._renamed.clear()

    def finish(self) -> Counts:
        """End the run: what it did not find leaves the store."""
        self.write()
        with explained(self._path), transaction(self._db):
            others = f"FROM records WHERE NOT {schema.HERE}"
            (removed,) = self._db.execute(f"SELECT count(*) {others} AND status <> 'skipped'", (self.run,)).fetchone()
            self._db.execute(f"DELETE {others}", (self.run,))
            self.remember(complete=True, removed=removed)
        return self.counts()

    def pause(self) -> bool:
        """Leave the run for a later one to go on with; false if it has recorded nothing, so that it never was."""
        if self._begun:
            self.write()
        return self._begun

    def counts(self) -> Counts:
        """Count the records of the last run, once all are in the file."""
        if self._kept or self.waiting or not self._begun:
            self.write()
        return super().counts()

    def close(self) -> None:
        """Commit what a run that has begun kept, and let go of the file."""
        try:
            if (self._kept or self.waiting) and self._begun:
                self.write()
        finally:
            super().close()

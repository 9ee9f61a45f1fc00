"""The run's SQLite file: every record of a scan, kept as it is made, so that a later run can go on from there.

It may lie on a network drive: a rollback journal, no shared memory, and one writer that locks the file.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

from xrayscan.errors import InputError, OutputError
from xrayscan.files.atomic import new_file
from xrayscan.files.json_text import parsed
from xrayscan.files.own_output import STORE_NAME as STORE_NAME
from xrayscan.files.run_folder import make_folder
from xrayscan.files.text import encodable
from xrayscan.sources.source import Source
from xrayscan.store import schema
from xrayscan.store.record import ScanRecord, Status
from xrayscan.store.rows import Counts as Counts
from xrayscan.store.rows import identity, numbers_of, other_models, record_of, row_of
from xrayscan.store.sqlite import START_OVER, connect, explained, refuse_links, remove, transaction

T = TypeVar("T")
KEEP_BATCH = 10_000  # records kept per transaction
CACHE_KIB = 4_096
COMMIT_SECONDS = 0.5  # between commits, each of which waits for the disk, and the readers with it
Score = Callable[[Sequence[float]], float]  # all models' probabilities of a film → what it is ranked by


class Store:
    """The records of one scan. Close it, or use it as a context manager; use it from one thread only."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._db, self._path = connection, path
        self._kept: list[tuple[int]] = []  # ids, not yet in the file
        self.waiting: list[tuple[Source, ScanRecord]] = []  # the last ones given, not in the file until then:
        self._due = 0.0
        self._begun = True  # whether what is in the file belongs to this run
        self._was_empty = False  # when this run started: then there is nothing to take over
        self._functions: dict[str, Callable[..., Any]] = {}  # known to SQL
        self._renamed: list[tuple[bytes, int]] = []  # source and id of those given in another way than before
        self.run, self.models = 0, tuple[str, ...]()  # the last run's number, from 1; fingerprints of the models

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
        if not os.path.exists(path):
            raise InputError(f"{encodable(path)}: no scan in this folder: run `xrayscan predict` first")
        refuse_links(path)
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

    def _look(self) -> None:
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
        """Count the records of the last run."""
        if self._kept or self.waiting or not self._begun:
            self.write()
        with explained(self._path):
            numbers = *self._db.execute(schema.COUNTS, (self.run,)).fetchone(), self.recall("removed") or 0
        try:
            counts = Counts(*map(int, numbers))
        except (ValueError, TypeError, OverflowError) as error:
            raise self._damaged() from error
        if counts.found != counts.scored + counts.set_aside + counts.failed + counts.skipped:
            raise self._damaged()
        return counts

    def scored(
        self, score: Score | None = None, apart: float | None = None, before: int | None = None
    ) -> Iterator[tuple[int, ScanRecord]]:
        """Yield rank and record by ``score``, ties by source; without it by the first model's probability.

        ``apart``: films unlike training stand behind those that score so high and before the rest. ``before``: films
        that have waited since then (ns since 1970) come first, oldest first, and are flagged.
        """
        sql = schema.BY_IMAGE.format(score=self._scoring(score))
        for rank, row in enumerate(self._select(sql, self.run, apart, before), 1):
            yield rank, self._read(record_of, row)

    def scored_by_study(
        self, score: Score | None = None, apart: float | None = None, before: int | None = None
    ) -> Iterator[tuple[int, ScanRecord]]:
        """Yield the study's rank and record: studies by their highest frontal image, ties by source.

        A study of lateral films goes by its highest one; an image without a study is one of its own.
        ``apart``: as in `scored`, of a study with a film unlike training and none that scores so high.
        """
        rank, last = 0, None
        for study, *row in self._select(schema.BY_STUDY.format(score=self._scoring(score)), self.run, apart, before):
            rank += study != last
            last = study
            yield rank, self._read(record_of, row)

    def _scoring(self, score: Score | None) -> str:
        """Return the SQL expression of what orders the scored records."""
        if score is None:
            return "probability"

        def score_of(text: str) -> float | None:
            try:
                return score(self._read(numbers_of, text))
            except OutputError:
                return None  # whoever reads the record is told

        self._define("score_of", score, score_of)
        return "score_of(probabilities)"

    def _define(self, name: str, meaning: Callable[..., Any], function: Callable[..., Any]) -> None:
        """Make a function known to SQL, once per meaning: none is replaced while rows are being read."""
        if self._functions.get(name) != meaning:
            with explained(self._path):
                self._db.create_function(name, 1, function, deterministic=True)
            self._functions[name] = meaning

    def probabilities(self) -> Iterator[tuple[tuple[float, ...], bool]]:
        """Yield every scored record's probabilities, one per model, and whether it is unlike training; in no order."""
        sql = f"SELECT probabilities, {schema.IS_UNLIKE} > 0 FROM records WHERE {schema.HERE} AND status = 'scored'"
        return ((self._read(numbers_of, text), bool(unlike)) for text, unlike in self._select(sql, self.run))

    def made_after(self, run: int) -> set[str]:
        """The sources of the films that runs after this one scored."""
        return {os.fsdecode(source) for (source,) in self._select(schema.MADE_AFTER, self.run, run)}

    def unscored(self, status: Status, *, by_reason: bool = False) -> Iterator[ScanRecord]:
        """Yield the records that ended so, by source, or by reason and then source."""
        sql = schema.UNSCORED.format(order="reason, source" if by_reason else "source")
        return (self._read(record_of, row) for row in self._select(sql, self.run, status))

    def reasons(self, status: Status) -> dict[str, int]:
        """Count the records that ended so by reason."""
        return dict(self._select(schema.REASONS, self.run, status))

    def codes(self, status: Status) -> dict[str, str]:
        """Return the code of each reason for which records ended so."""
        return dict(self._select(schema.CODES, self.run, status))

    def scored_below(self, probability: float, *, without_unlike: bool = False) -> int:
        """Count the scored records whose probability, as stored, is below this one."""
        return int(next(self._select(schema.BELOW, self.run, probability, without_unlike))[0])

    def unlike(self) -> int:
        """Count the scored records that are unlike training."""
        return int(next(self._select(schema.COUNT_UNLIKE, self.run))[0])

    def close(self) -> None:
        """Commit what a run that has begun kept, and let go of the file."""
        try:
            if (self._kept or self.waiting) and self._begun:
                self.write()
        finally:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, read: Callable[[Any, int], T], stored: Any) -> T:
        """Read what a record holds, for so many models. Raises: OutputError where it was tampered with."""
        try:
            return read(stored, len(self.models))
        except (ValueError, TypeError, OverflowError) as error:
            raise self._damaged() from error

    def _damaged(self) -> OutputError:
        return OutputError(f"{encodable(self._path)} is damaged: {START_OVER}")

    def _select(self, sql: str, *values: Any) -> Iterator[Any]:
        with explained(self._path):
            rows = self._db.execute(sql, values)
            yield from iter(rows.fetchone, None)  # "yield from rows" would close them, be it after their connection

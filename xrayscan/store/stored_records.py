"""The records of the last run, as the store gives them back: in an order, by how they ended, and counted."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from xrayscan.errors import OutputError
from xrayscan.store import schema
from xrayscan.store.record import ScanRecord, Status
from xrayscan.store.rows import Counts, numbers_of, record_of
from xrayscan.store.sqlite import explained
from xrayscan.store.store_file import StoreFile

T = TypeVar("T")
Score = Callable[[Sequence[float]], float]  # all models' probabilities of a film → what it is ranked by


class StoredRecords(StoreFile):
    """What is read of the file's records. Nothing here changes it."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        super().__init__(connection, path)
        self._functions: dict[str, Callable[..., Any]] = {}  # known to SQL

    def counts(self) -> Counts:
        """Count the records of the last run."""
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

    def _read(self, read: Callable[[Any, int], T], stored: Any) -> T:
        """Read what a record holds, for so many models. Raises: OutputError where it was tampered with."""
        try:
            return read(stored, len(self.models))
        except (ValueError, TypeError, OverflowError) as error:
            raise self._damaged() from error

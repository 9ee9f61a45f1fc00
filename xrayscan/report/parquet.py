"""Worklist → Parquet: a folder of parts with the columns of the CSV, typed, for data frames and SQL.

While a scan runs, what it has recorded stands in another folder of parts, in the order in which it came and without
ranks, which only the end can give. A scan that breaks off leaves it behind; a worklist that is complete replaces it.
"""

import itertools
import os
import re
import time
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from xrayscan.files.atomic import new_file, sync_folder, writing
from xrayscan.files.atomic_folder import atomic_folder, remove
from xrayscan.files.run_folder import make_subfolder
from xrayscan.report import arrow
from xrayscan.report.table import table_columns, table_values
from xrayscan.store.record import ScanRecord, Status
from xrayscan.worklist.row import Reading
from xrayscan.worklist.worklist import Worklist

BATCHES = 20  # in one part: a million rows, some 100 MB
PART = re.compile(r"part-(\d{5,})\.parquet")
SOON, LATE = 10.0, 300.0  # s after which a part is written while scanning, however small: the first, and later ones
SCANNING = "triage.scanning.parquet"  # the folder of a scan that is not complete


def write_parquet(worklist: Worklist, path: str) -> None:
    """Write every row as `arrow.arrow_batches` has it, part by part. Raises: OutputError if it cannot be written."""
    schema, batches = arrow.arrow_batches(worklist)
    with atomic_folder(path) as folder:
        for number in itertools.count():
            first = next(batches, None)
            if first is None and number:  # the first part has the columns, be it without a row
                break
            rest = itertools.islice(batches, BATCHES - 1)
            _write(_part(folder.path, number), schema, itertools.chain(() if first is None else (first,), rest))
        if worklist.complete:
            remove(os.path.join(os.path.dirname(path), SCANNING))


class ScanningParts:
    """The parts of a scan into this folder while it runs. Each is readable once it has its name, whatever comes after.

    ``goes_on``: parts of the scan that broke off before stay. Both methods raise OutputError.
    """

    def __init__(self, folder: str, reading: Reading, *, goes_on: bool) -> None:
        self._path, self._reading = os.path.join(folder, SCANNING), reading
        self._schema = arrow.arrow_schema(table_columns(reading))
        self._rows: list[list[object]] = []
        self._number: int | None = None  # of the next part
        self._goes_on, self._wait = goes_on, SOON
        self._due = time.monotonic() + SOON

    def add(self, records: Iterable[ScanRecord]) -> None:
        """Take over records that are in the store; those that no worklist lists are left out."""
        listed = (record for record in records if record.status is not Status.SKIPPED)
        self._rows += [table_values(self._reading.row(None, record), self._reading) for record in listed]
        if len(self._rows) >= arrow.ROWS or time.monotonic() >= self._due:
            self.write()

    def write(self) -> None:
        """Write what was added since the last part."""
        if self._rows:
            with writing(self._path):
                self._write_part()
        self._wait = min(2 * self._wait, LATE)
        self._due = time.monotonic() + self._wait

    def _write_part(self) -> None:
        if self._number is None:
            self._number = self._begin()
        beside = f"{self._path}.part"  # whoever reads the folder never meets half a part
        remove(beside)
        rows, self._rows = self._rows, []
        _write(beside, self._schema, [arrow.arrow_batch(rows, self._schema)])
        os.replace(beside, _part(self._path, self._number))
        sync_folder(self._path)
        self._number += 1

    def _begin(self) -> int:
        """Make the folder, and return the number of its next part."""
        if not self._goes_on:
            remove(self._path)
        make_subfolder(self._path)
        return max((int(found[1]) + 1 for found in map(PART.fullmatch, os.listdir(self._path)) if found), default=0)


def _part(folder: str, number: int) -> str:
    return os.path.join(folder, f"part-{number:05}.parquet")


def _write(path: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write a new file, and have it on disk."""
    with open(path, "xb", opener=new_file) as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
        file.flush()
        os.fsync(file.fileno())

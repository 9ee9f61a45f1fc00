"""Rows of a Parquet worklist that a condition of SQL chooses."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xrayscan.errors import InputError, UsageError
from xrayscan.files.own_output import STORE_NAME
from xrayscan.files.text import encodable
from xrayscan.report.table import OUTCOME
from xrayscan.store.finished import is_finished

if TYPE_CHECKING:
    import duckdb

FILE, SCANNING = "triage.parquet", "triage.scanning.parquet"
ROWS = 10_000  # drawn at a time
ALL = "*"


def select(
    folder: str, condition: str, columns: Sequence[str] = OUTCOME
) -> tuple[list[str], Iterator[tuple[object, ...]]]:
    """Return the names of the columns and, in the worklist's order, the rows of a run for which a condition holds.

    ``condition``: what DuckDB takes behind WHERE; it sees this table and nothing else, no other file and no network.
    ``columns``: by name; ``*`` are all.
    Of a scan that is not complete: what it has written so far, in the order of its records, without ranks.
    Raises: InputError where there is no Parquet folder, or one older than the scan; UsageError for a condition or a
    column that is none, or where DuckDB is not installed.
    """
    connection = _connection(folder)
    known = [name for name, *_ in connection.execute("SELECT * FROM worklist LIMIT 0").description]
    chosen = known if list(columns) == [ALL] else list(columns)
    if unknown := [name for name in chosen if name not in known]:
        raise UsageError(f"no column {unknown[0]!r}: there are {', '.join(known)}")
    import duckdb

    try:
        connection.execute(f"SELECT {', '.join(map(_quoted, chosen))} FROM worklist WHERE (\n{condition}\n)")
    except duckdb.Error as error:
        raise UsageError(f"not a condition on the worklist: {str(error).splitlines()[0]}") from error
    return chosen, _rows(connection)


def _connection(folder: str) -> "duckdb.DuckDBPyConnection":
    try:
        import duckdb
        from pyarrow.dataset import dataset
    except ImportError as error:
        raise UsageError("xrayscan query needs DuckDB: pip install 'xrayscan[query]'") from error
    table = dataset(_parquet(folder))
    connection = duckdb.connect()
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")
    connection.register("worklist", table)
    return connection


def _parquet(folder: str) -> str:
    """Return what is newest of the scan: its worklist, or the parts of one that is not complete. Raises: InputError."""
    path, scanning = os.path.join(folder, FILE), os.path.join(folder, SCANNING)
    if os.path.isdir(scanning) and not is_finished(folder):
        return scanning
    remedy = f"run `xrayscan report {encodable(folder)} --format parquet`"
    if not os.path.exists(path):
        raise InputError(f"{encodable(path)}: no such file: {remedy}")
    store = os.path.join(folder, STORE_NAME)
    if os.path.isfile(store) and os.path.getmtime(store) > os.path.getmtime(path):
        raise InputError(f"{encodable(path)} is older than the scan: {remedy}")
    return path


def _rows(connection: "duckdb.DuckDBPyConnection") -> Iterator[tuple[object, ...]]:
    while batch := connection.fetchmany(ROWS):
        yield from batch


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'

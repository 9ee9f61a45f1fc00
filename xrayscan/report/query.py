"""Rows of a Parquet worklist that a condition of SQL chooses."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xrayscan.errors import InputError, UsageError
from xrayscan.files.own_output import STORE_NAME
from xrayscan.files.text import encodable, nearest
from xrayscan.report.table import OUTCOME
from xrayscan.store.finished import is_finished

if TYPE_CHECKING:
    import duckdb

FILE, SCANNING = "triage.parquet", "triage.scanning.parquet"
ROWS = 10_000  # drawn at a time
ALL = "*"
EXAMPLE = "write it as behind WHERE in SQL, such as \"probability > 0.9 AND tier = 'high'\""
UNKNOWN = re.compile(r'Referenced column "(.+?)" not found')


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
        raise _no_column(unknown[0], known)
    import duckdb

    try:
        connection.execute(f"SELECT {', '.join(map(_quoted, chosen))} FROM worklist WHERE (\n{condition}\n)")
    except duckdb.Error as error:
        raise _explained(str(error).splitlines()[0], known) from error
    return chosen, _rows(connection)


def _explained(said: str, known: Sequence[str]) -> UsageError:
    """What is wrong with a condition, from what DuckDB says of it."""
    if column := UNKNOWN.search(said):
        return UsageError(f"not a condition on the worklist: {_no_column(column[1], known)}")
    return UsageError(f"not a condition on the worklist ({said.partition(': ')[2] or said}): {EXAMPLE}")


def _no_column(name: str, known: Sequence[str]) -> UsageError:
    return UsageError(f"no column {name!r}{nearest(name, known)}: there are {', '.join(known)}")


def _connection(folder: str) -> "duckdb.DuckDBPyConnection":
    try:
        import duckdb
        from pyarrow.dataset import dataset
    except ImportError as error:
        raise UsageError("xrayscan query needs DuckDB: pip install 'xrayscan[query]'") from error
    path = _parquet(folder)
    connection = duckdb.connect()
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")
    try:
        connection.register("worklist", dataset(path))
    except (ValueError, OSError) as error:  # pyarrow's are both
        raise InputError(f"{encodable(path)} is damaged: {_remedy(folder)}") from error
    return connection


def _parquet(folder: str) -> str:
    """Return what is newest of the scan: its worklist, or the parts of one that is not complete. Raises: InputError."""
    path, scanning = os.path.join(folder, FILE), os.path.join(folder, SCANNING)
    if os.path.isdir(scanning) and not is_finished(folder):
        return scanning
    if not os.path.exists(path):
        raise InputError(f"{encodable(path)}: no such file: {_remedy(folder)}")
    store = os.path.join(folder, STORE_NAME)
    if os.path.isfile(store) and os.path.getmtime(store) > os.path.getmtime(path):
        raise InputError(f"{encodable(path)} is older than the scan: {_remedy(folder)}")
    return path


def _remedy(folder: str) -> str:
    return f"run `xrayscan report {encodable(folder)} --format parquet`"


def _rows(connection: "duckdb.DuckDBPyConnection") -> Iterator[tuple[object, ...]]:
    while batch := connection.fetchmany(ROWS):
        yield from batch


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'

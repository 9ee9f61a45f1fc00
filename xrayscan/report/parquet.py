"""Worklist → Parquet: the columns of the CSV, typed, for data frames and SQL, written as the rows come."""

import itertools
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from xrayscan.files.atomic import atomic_file
from xrayscan.files.text import encodable
from xrayscan.report.jsonl import json_value
from xrayscan.report.table import worklist_table
from xrayscan.store.record import FACT_TYPES
from xrayscan.worklist.worklist import Worklist

ROWS = 50_000  # in one row group, all that is in memory at a time
NOTICE = "Suggested reading order. Not a diagnosis."
_TYPES = {str: pa.string(), int | None: pa.int64(), float | None: pa.float64()}
_OUTCOME = {"rank": pa.int64(), "probability": pa.float64(), "flags": pa.list_(pa.string())}


def write_parquet(worklist: Worklist, path: str) -> None:
    """Write every row with the CSV's columns, in the worklist's order.

    Values are those of JSON Lines: probabilities with full precision, flags a list, and what is empty is null.
    Raises: OutputError if it cannot be written.
    """
    columns, rows = worklist_table(worklist)
    schema = pa.schema([(encodable(name), _type(name)) for name in columns], metadata={"notice": NOTICE})
    with atomic_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            values = [list(map(json_value, column)) for column in zip(*batch, strict=True)]
            arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _type(column: str) -> pa.DataType:
    """The type of a column; those of further models are called "probability NAME" and "tier NAME"."""
    if column in FACT_TYPES:
        return _TYPES[FACT_TYPES[column]]
    number = column.startswith("probability ") or column == "mean probability"
    return _OUTCOME.get(column, pa.float64() if number else pa.string())


def _batches(rows: Iterator[list[object]]) -> Iterator[list[list[object]]]:
    while batch := list(itertools.islice(rows, ROWS)):
        yield batch

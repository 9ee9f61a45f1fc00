"""Worklist → Arrow: the columns of the CSV, typed, a batch of rows at a time."""

import itertools
from collections.abc import Iterator, Sequence

import pyarrow as pa

from xrayscan.files.text import encodable
from xrayscan.report.jsonl import json_value
from xrayscan.report.table import worklist_table
from xrayscan.store.record import FACT_TYPES
from xrayscan.worklist.worklist import NOTICE, Worklist

ROWS = 50_000  # in one batch, all that is in memory at a time
_TYPES = {str: pa.string(), int | None: pa.int64(), float | None: pa.float64()}
_OUTCOME = {"rank": pa.int64(), "probability": pa.float64(), "flags": pa.list_(pa.string())}


def arrow_batches(worklist: Worklist) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the schema and every row with the CSV's columns, in the worklist's order.

    Values are those of JSON Lines: probabilities with full precision, flags a list, and what is empty is null.
    """
    columns, rows = worklist_table(worklist)
    schema = arrow_schema(columns)
    return schema, (arrow_batch(batch, schema) for batch in _batches(rows))


def arrow_schema(columns: Sequence[str]) -> pa.Schema:
    """Return the types of the columns."""
    return pa.schema([(encodable(name), _type(name)) for name in columns], metadata={"notice": NOTICE})


def arrow_batch(rows: list[list[object]], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows as Arrow has them."""
    values = [list(map(json_value, column)) for column in zip(*rows, strict=True)]
    arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _type(column: str) -> pa.DataType:
    """The type of a column; those of further models are called "probability NAME" and "tier NAME"."""
    if column in FACT_TYPES:
        return _TYPES[FACT_TYPES[column]]
    number = column.startswith("probability ") or column == "mean probability"
    return _OUTCOME.get(column, pa.float64() if number else pa.string())


def _batches(rows: Iterator[list[object]]) -> Iterator[list[list[object]]]:
    while batch := list(itertools.islice(rows, ROWS)):
        yield batch

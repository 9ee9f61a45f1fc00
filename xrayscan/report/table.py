"""Worklist → columns and rows: what the CSV, JSON Lines and any other table hold."""

from collections.abc import Iterator

from xrayscan.store.record import FACT_LABELS
from xrayscan.worklist.row import Reading, WorklistRow
from xrayscan.worklist.worklist import Worklist

OUTCOME = ("rank", "source", "status", "probability", "tier", "prediction", "flags", "code", "reason")
COLUMNS = (*OUTCOME, *FACT_LABELS)


def worklist_table(worklist: Worklist) -> tuple[list[str], Iterator[list[object]]]:
    """Return the names of the columns, and the rows one at a time, in the worklist's order.

    A value is text, a number, a tuple of texts (flags), or None or an empty text where there is nothing. With several
    models, probability and tier of each after the first one follow, and the mean last.
    """
    return table_columns(worklist.reading), (table_values(row, worklist.reading) for row in worklist.rows())


def table_columns(reading: Reading) -> list[str]:
    """Return the names of the columns."""
    further = [f"{what} {name}" for name in reading.names[1:] for what in ("probability", "tier")]
    return [*COLUMNS, *further, *(["mean probability"] if reading.by_mean else [])]


def table_values(row: WorklistRow, reading: Reading) -> list[object]:
    """Return one row's value in each column."""
    pairs = zip(row.probabilities, row.tiers, strict=True) if row.tiers else [(None, "") for _ in reading.cards]
    further = [value for pair in pairs for value in pair][2:]
    outcome = [*(getattr(row, name) for name in OUTCOME), *(getattr(row.facts, name) for name in FACT_LABELS)]
    return [*outcome, *further, *([row.mean] if reading.by_mean else [])]

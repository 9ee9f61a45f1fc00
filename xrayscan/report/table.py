"""Worklist → columns and rows: what the CSV, JSON Lines and any other table hold."""

from collections.abc import Iterator

from xrayscan.store.record import FACT_LABELS
from xrayscan.worklist.worklist import Worklist, WorklistRow

OUTCOME = ("rank", "source", "status", "probability", "tier", "prediction", "flags", "code", "reason")
COLUMNS = (*OUTCOME, *FACT_LABELS)


def worklist_table(worklist: Worklist) -> tuple[list[str], Iterator[list[object]]]:
    """Return the names of the columns, and the rows one at a time, in the worklist's order.

    A value is text, a number, a tuple of texts (flags), or None or an empty text where there is nothing. With several
    models, probability and tier of each after the first one follow, and the mean last.
    """
    further = [f"{what} {name}" for name in worklist.names[1:] for what in ("probability", "tier")]
    columns = [*COLUMNS, *further, *(["mean probability"] if worklist.by_mean else [])]
    return columns, (_values(row, worklist) for row in worklist.rows())


def _values(row: WorklistRow, worklist: Worklist) -> list[object]:
    pairs = zip(row.probabilities, row.tiers, strict=True) if row.tiers else [(None, "") for _ in worklist.cards]
    further = [value for pair in pairs for value in pair][2:]
    outcome = [*(getattr(row, name) for name in OUTCOME), *(getattr(row.facts, name) for name in FACT_LABELS)]
    return [*outcome, *further, *([row.mean] if worklist.by_mean else [])]

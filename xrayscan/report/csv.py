"""Worklist → CSV, harmless when opened in a spreadsheet or shown in a terminal."""

import csv

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import spreadsheet_cell
from xrayscan.store.record import FACT_LABELS
from xrayscan.worklist.worklist import Worklist, WorklistRow

OUTCOME = ("rank", "source", "status", "probability", "tier", "prediction", "flags", "code", "reason")
COLUMNS = (*OUTCOME, *FACT_LABELS)


def write_csv(worklist: Worklist, path: str) -> None:
    r"""Write every row of the worklist as one line of UTF-8 text. Raises: OutputError if it cannot be written.

    Lines end in ``\n``: spreadsheets read that as well as ``\r\n``, and tools such as cut or awk find no stray
    carriage return in the last column. Control characters within names are escaped, so one row is always one line;
    JSON Lines has the names as they are.
    """
    with atomic_writer(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(spreadsheet_cell, columns(worklist)))
        writer.writerows(map(_cell, values(row, worklist)) for row in worklist.rows())


def columns(worklist: Worklist) -> list[str]:
    """Name the columns: with several models, probability and tier of each after the first one, and the mean last."""
    further = [f"{what} {name}" for name in worklist.names[1:] for what in ("probability", "tier")]
    return [*COLUMNS, *further, *(["mean probability"] if worklist.by_mean else [])]


def values(row: WorklistRow, worklist: Worklist) -> list[object]:
    """What stands in these columns; None or an empty text where there is nothing."""
    pairs = zip(row.probabilities, row.tiers, strict=True) if row.tiers else [(None, "") for _ in worklist.cards]
    further = [value for pair in pairs for value in pair][2:]
    outcome = [*(getattr(row, name) for name in OUTCOME), *(getattr(row.facts, name) for name in FACT_LABELS)]
    return [*outcome, *further, *([row.mean] if worklist.by_mean else [])]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.8f}"
        case int():
            return str(value)
        case tuple():
            return spreadsheet_cell(";".join(value))
    return spreadsheet_cell(str(value))

"""Worklist → CSV, harmless when opened in a spreadsheet or shown in a terminal."""

import csv

from xrayscan.rank import Worklist, WorklistRow
from xrayscan.report.atomic import atomic_writer
from xrayscan.report.text import spreadsheet_cell

COLUMNS = (
    *("rank", "source", "status", "probability", "tier", "prediction", "flags", "reason"),
    *("study_uid", "series_uid", "sop_uid", "modality", "view", "rows", "columns", "format", "sha256"),
)


def write_csv(worklist: Worklist, path: str) -> None:
    r"""Write every row of the worklist as one line of UTF-8 text. Raises: OutputError if it cannot be written.

    Lines end in ``\n``: spreadsheets read that as well as ``\r\n``, and tools such as cut or awk find no stray
    carriage return in the last column. Control characters within names are escaped, so one row is always one line;
    JSON Lines has the names as they are.
    """
    with atomic_writer(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_cells, worklist.rows()))


def _cells(row: WorklistRow) -> list[str]:
    return [_cell(getattr(row, column)) for column in COLUMNS]


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

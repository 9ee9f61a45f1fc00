"""Worklist → CSV, harmless when opened in a spreadsheet or shown in a terminal."""

import csv
from collections.abc import Iterable
from typing import TextIO

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import spreadsheet_cell
from xrayscan.report.table import worklist_table
from xrayscan.worklist.worklist import Worklist


def write_csv(worklist: Worklist, path: str, *, compressed: bool = False) -> None:
    r"""Write every row of the worklist as one line of UTF-8 text. Raises: OutputError if it cannot be written.

    Lines end in ``\n``: spreadsheets read that as well as ``\r\n``, and tools such as cut or awk find no stray
    carriage return in the last column. Control characters within names are escaped, so one row is always one line;
    JSON Lines has the names as they are.
    """
    columns, rows = worklist_table(worklist)
    with atomic_writer(path, compressed=compressed) as file:
        write_rows(file, columns, rows)


def write_rows(file: TextIO, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a heading and rows to a file that is open, each as one line."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(spreadsheet_cell, columns))
    writer.writerows(map(csv_cell, row) for row in rows)


def csv_cell(value: object) -> str:
    """One value as it stands in the CSV: 8 decimals, tuples and lists joined by semicolons, formulas defused."""
    match value:
        case None:
            return ""
        case float():
            return f"{value:.8f}"
        case int():
            return str(value)
        case tuple() | list():
            return spreadsheet_cell(";".join(value))
    return spreadsheet_cell(str(value))

"""Worklist → a workbook of Excel: names in every script as they are, and none of them taken for a formula."""

import contextlib
import datetime
import io
import re
import zipfile
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from xrayscan.errors import OutputError
from xrayscan.files.atomic import atomic_file
from xrayscan.files.text import counted, visible
from xrayscan.report.table import worklist_table
from xrayscan.worklist.worklist import NOTICE, Worklist

MOST_ROWS = 1_048_576  # of a sheet, the heading among them; source: Excel's specifications and limits
LONGEST = 32_767  # characters of a cell, likewise
MOMENT = datetime.datetime(2000, 1, 1)  # of every file's properties, so that the same rows give the same bytes
WIDTHS = {"source": 60, "reason": 40, "flags": 30, "probability": 12}  # characters; others have Excel's own
NONE = re.compile("[\ufffe\uffff]")  # no characters, which XML cannot hold; source: XML 1.0 section 2.2
# What would be read as an escape; source: ECMA-376 part 1, 22.4.2.4 (bstr).
ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def write_xlsx(worklist: Worklist, path: str) -> None:
    """Write every row with the CSV's columns, its heading frozen and filtered, and a sheet that says what it is.

    Texts are stored as texts, so that none is computed; numbers have 16 digits.
    Raises: OutputError if it cannot be written, or has more rows than a sheet may have.
    """
    if len(worklist) >= MOST_ROWS:
        raise OutputError(f"a sheet of Excel ends at {MOST_ROWS:,} rows: give --format csv or parquet")
    book = openpyxl.Workbook(write_only=True)
    book.properties.created = book.properties.modified = MOMENT
    book.properties.creator = "xrayscan"
    with contextlib.closing(book.create_sheet("worklist")) as sheet:  # also where the rows break off
        _fill(sheet, worklist)
    _tell(book.create_sheet("about"), worklist)
    made = io.BytesIO()
    book.save(made)
    with atomic_file(path) as file:
        _undated(made, file)


def _fill(sheet: Any, worklist: Worklist) -> None:
    columns, rows = worklist_table(worklist)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(columns, 1):
        if name in WIDTHS:
            sheet.column_dimensions[get_column_letter(number)].width = WIDTHS[name]
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(worklist) + 1}"
    sheet.append([_heading(sheet, name) for name in columns])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _tell(sheet: Any, worklist: Worklist) -> None:
    """What the rows are, what warns of them, and which models they are from."""
    models = zip(worklist.names, worklist.cards, worklist.fingerprints, strict=True)
    for text in (
        NOTICE,
        *(f"Warning: {one}" for one in worklist.warnings),
        f"{counted(worklist.counts.found, 'file')} found: {worklist.outcomes}.",
        *(f"Model {name}, version {card.version}, fingerprint {digest[:12]}" for name, card, digest in models),
        *(f"{what}: {text}" for what, text in worklist.card.audience.items()),
    ):
        sheet.append([_text(sheet, text)])


def _cell(sheet: Any, value: object) -> Any:
    if isinstance(value, tuple):
        value = ";".join(value)
    if isinstance(value, str):
        return _text(sheet, value) if value else None
    return value


def _heading(sheet: Any, text: str) -> Any:
    cell = _text(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _text(sheet: Any, text: str) -> Any:
    """A cell that holds a text whatever it begins with, such as an equals sign."""
    cell = WriteOnlyCell(sheet, ESCAPED.sub("_x005F_", NONE.sub("\ufffd", visible(text)))[:LONGEST])
    cell.data_type = "s"
    return cell


def _undated(book: io.BytesIO, file: Any) -> None:
    """Write the workbook's parts once more, each with the same date: openpyxl notes the moment of writing."""
    with zipfile.ZipFile(book) as dated, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as undated:
        for part in dated.infolist():
            data = dated.read(part)
            if part.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2000-01-01T00:00:00Z", data)
            undated.writestr(zipfile.ZipInfo(part.filename), data, zipfile.ZIP_DEFLATED)

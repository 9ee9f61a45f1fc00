"""Worklist → JSON Lines: one object per row, for programs."""

import json

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import encodable
from xrayscan.report.table import worklist_table
from xrayscan.worklist.worklist import Worklist


def write_jsonl(worklist: Worklist, path: str) -> None:
    r"""Write every row with the CSV's columns as keys. Raises: OutputError if it cannot be written.

    Probabilities have full precision, flags are a list, and what is empty is null. The text is pure ASCII, and bytes
    of a name that are no UTF-8 are spelt as in the CSV (``\udcff``), since many parsers refuse lone surrogates.
    """
    columns, rows = worklist_table(worklist)
    names = list(map(encodable, columns))
    with atomic_writer(path) as file:
        for row in rows:
            content = dict(zip(names, map(_value, row), strict=True))
            file.write(f"{json.dumps(content, allow_nan=False)}\n")


def _value(value: object) -> object:
    if isinstance(value, str):
        return encodable(value) or None
    return list(value) if isinstance(value, tuple) else value

"""Worklist → JSON Lines: one object per row, for programs."""

import json

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import encodable
from xrayscan.report.table import worklist_table
from xrayscan.worklist.worklist import Worklist


def write_jsonl(worklist: Worklist, path: str, *, compressed: bool = False) -> None:
    r"""Write every row with the CSV's columns as keys. Raises: OutputError if it cannot be written.

    Probabilities have full precision, flags are a list, and what is empty is null. The text is pure ASCII, and bytes
    of a name that are no UTF-8 are spelt as in the CSV (``\udcff``), since many parsers refuse lone surrogates.
    """
    columns, rows = worklist_table(worklist)
    names = list(map(encodable, columns))
    with atomic_writer(path, compressed=compressed) as file:
        for row in rows:
            content = dict(zip(names, map(json_value, row), strict=True))
            file.write(f"{json.dumps(content, allow_nan=False)}\n")


def json_value(value: object) -> object:
    """One value as programs take it: empty texts are None, tuples lists, and no text holds lone surrogates."""
    if isinstance(value, str):
        return encodable(value) or None
    return list(value) if isinstance(value, tuple) else value

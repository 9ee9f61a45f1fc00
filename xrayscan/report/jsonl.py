"""Worklist → JSON Lines: one object per row, for programs."""

import json

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import encodable
from xrayscan.report.csv import columns, values
from xrayscan.worklist.worklist import Worklist


def write_jsonl(worklist: Worklist, path: str) -> None:
    r"""Write every row with the CSV's columns as keys. Raises: OutputError if it cannot be written.

    Probabilities have full precision, flags are a list, and what is empty is null. The text is pure ASCII, and bytes
    of a name that are no UTF-8 are spelt as in the CSV (``\udcff``), since many parsers refuse lone surrogates.
    """
    names = list(map(encodable, columns(worklist)))
    with atomic_writer(path) as file:
        for row in worklist.rows():
            content = dict(zip(names, map(_value, values(row, worklist)), strict=True))
            file.write(f"{json.dumps(content, allow_nan=False)}\n")


def _value(value: object) -> object:
    if isinstance(value, str):
        return encodable(value) or None
    return list(value) if isinstance(value, tuple) else value

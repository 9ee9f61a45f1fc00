"""A site's thresholds → CSV: what every one of them finds, misses and costs."""

import csv
import dataclasses
import os

from xrayscan.calibration.costs import Line
from xrayscan.calibration.site import Calibrated
from xrayscan.files.atomic import atomic_writer

COLUMNS = (
    *("threshold", "found", "missed", "read", "sensitivity", "sensitivity_low", "sensitivity_high", "specificity"),
    *("specificity_low", "specificity_high", "cost"),
)


def write_thresholds(result: Calibrated, out: str) -> str:
    """Write ``<out>-thresholds.csv`` beside the model file and return its path. Raises: OutputError."""
    path = f"{os.path.splitext(out)[0]}-thresholds.csv"
    with atomic_writer(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_cells, result.table))
    return path


def _cells(line: Line) -> list[str]:
    cells: list[str] = []
    for value in dataclasses.astuple(line):
        cells += [f"{part:.8g}" for part in (value if isinstance(value, tuple) else (value,))]
    return cells

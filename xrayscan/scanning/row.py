"""What travels through a scan: one file as a flat dict of plain values and read-only arrays."""

from collections.abc import Iterator
from typing import Any

from xrayscan.model.input_spec import InputSpec

Row = dict[str, Any]
Rows = Iterator[Row | None]  # None stands for "none for now": whoever draws them has time for something else


def pixel_column(spec: InputSpec) -> str:
    """Name the row field that holds (S, S) uint8 pixels of this geometry."""
    side, resize = spec.geometry
    return f"pixels_{side}_{resize}"

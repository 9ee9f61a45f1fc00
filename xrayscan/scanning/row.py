"""What travels through a scan: one file as a flat dict of plain values and read-only arrays."""

from xrayscan.engine.interface import Row as Row
from xrayscan.engine.interface import Rows as Rows
from xrayscan.model.input_spec import InputSpec


def pixel_column(spec: InputSpec) -> str:
    """Name the row field that holds (S, S) uint8 pixels of this geometry."""
    side, resize = spec.geometry
    return f"pixels_{side}_{resize}"

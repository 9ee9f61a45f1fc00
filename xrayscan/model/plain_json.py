"""JSON that strangers wrote, in the headers of model files and checkpoints."""

import math
from typing import Any

from xrayscan.errors import ModelError

TEXT_BYTES = 4 << 20  # of a header's text: cards have some 5 kB, checkpoints of 1,000 epochs some 700 kB
DEEPEST = 16  # lists and tables within each other
LARGEST = 1 << 63  # whole numbers


def plain_json(text: str, *, finite: bool = True) -> Any:
    """Parse JSON that strangers wrote. Raises: ModelError for what is none, or numbers and depths beyond all use."""
    from pydantic_core import from_json

    if len(text) > TEXT_BYTES:
        raise ModelError("its header is damaged: it is far too long")
    try:
        value = from_json(text.encode(), allow_inf_nan=not finite)
    except ValueError as error:  # too deep, too, or with half of a surrogate pair
        raise ModelError("its header is damaged: it is no JSON") from error
    _check_plain(value, 0, finite)
    return value


def _check_plain(value: object, depth: int, finite: bool) -> None:
    if depth > DEEPEST:
        raise ModelError("its header is damaged: lists within lists without end")
    huge = isinstance(value, int) and not -LARGEST <= value < LARGEST
    if huge or (finite and isinstance(value, float) and not math.isfinite(value)):
        raise ModelError("its header is damaged: a number is out of range")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        _check_plain(one, depth + 1, finite)

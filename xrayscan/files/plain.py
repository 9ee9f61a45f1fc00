"""Anything that a command found → values that JSON holds."""

import dataclasses
import math
from collections.abc import Mapping, Sequence, Set
from typing import Any

from xrayscan.files.text import encodable


def plain(value: Any) -> Any:
    """The value as JSON holds it: dataclasses are objects, what is not finite is null, names lose odd bytes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {encodable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return encodable(str(value))  # an enum's member as its text
    if isinstance(value, Sequence | Set):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value

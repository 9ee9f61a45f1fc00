"""JSON that may not be what was written."""

import json
from typing import Any


def parsed(text: str | bytes) -> Any:
    """Return the value. Raises: ValueError for what is no JSON, lists within lists without end among it; TypeError."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("lists within lists without end") from error

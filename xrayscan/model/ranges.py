"""The range of a parameter, as its field's metadata declares it.

``range`` is (lowest, highest), None for no bound; ``open`` says whether the bounds themselves are excluded: both, or
(lowest, highest) apart.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Self

from xrayscan.errors import ModelError


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high``; None: no bound. Neither infinity nor NaN is in any range."""

    low: float | None
    high: float | None
    open_low: bool = False
    open_high: bool = False

    @classmethod
    def declared(cls, metadata: Mapping[str, Any]) -> Self | None:
        """The range in a field's metadata, if there is one."""
        if "range" not in metadata:
            return None
        excluded = metadata.get("open", False)
        return cls(*metadata["range"], *(excluded if isinstance(excluded, tuple) else (excluded, excluded)))

    def holds(self, value: float) -> bool:
        """Whether a number is in it."""
        if not math.isfinite(value):
            return False
        above = self.low is None or (value > self.low if self.open_low else value >= self.low)
        return above and (self.high is None or (value < self.high if self.open_high else value <= self.high))

    def __str__(self) -> str:
        """In words: "1 or more", "above 0", "from 0 to below 1"."""
        if self.high is None:
            return f"above {self.low:g}" if self.open_low else f"{self.low:g} or more"
        if self.open_low and self.open_high:
            return f"between {self.low:g} and {self.high:g}"
        return (
            f"{'above' if self.open_low else 'from'} {self.low:g} to {'below ' if self.open_high else ''}{self.high:g}"
        )


def check_ranges(params: Any, of: str) -> None:
    """Raise ModelError for a field of a dataclass, or a part of one, that is out of its range. ``of``: whose it is."""
    for field in dataclasses.fields(params):
        value, allowed = getattr(params, field.name), Range.declared(field.metadata)
        parts = value if isinstance(value, tuple) else (value,)
        if allowed and not all(part is None or allowed.holds(part) for part in parts):
            number = f"{'' if str(allowed)[0].isdigit() else 'a number '}{allowed}"
            raise ModelError(f"{of}: {field.name} = {value!r}: give {number}")

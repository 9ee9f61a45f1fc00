"""The checks that come with xrayscan."""

from collections.abc import Callable
from dataclasses import dataclass

from xrayscan.checks import header, pixels
from xrayscan.checks.interface import Check, Sample, Verdict
from xrayscan.decode import Radiograph


@dataclass(frozen=True, slots=True)
class Rule:
    """A check made of a function."""

    name: str
    examine: Callable[[Radiograph, Sample], Verdict | None]


BUILT_IN: tuple[Check, ...] = (
    Rule("projection", header.projection),
    Rule("body part", header.body_part),
    Rule("too small", pixels.too_small),
    Rule("no contrast", pixels.no_contrast),
    Rule("saturated", pixels.saturated),
    Rule("colour", pixels.colour),
)

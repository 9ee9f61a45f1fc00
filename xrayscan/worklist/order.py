"""What a user chooses about the reading order, and which films are lateral."""

import re
from dataclasses import dataclass
from typing import Literal

# DICOM PS3.3 C.8.1.1 (View Position: LL, RL, LLO, RLO) and what vendors write. Decubitus films (LLD, RLD) are frontal
# projections of a patient who lies on one side.
LATERAL_WORDS = frozenset({"LL", "RL", "LLO", "RLO", "LAT", "LLAT", "RLAT", "LATERAL"})
FRONTAL_WORDS = frozenset({"AP", "PA", "LLD", "RLD", "DECUB", "DECUBITUS"})


def is_lateral(view: str) -> bool:
    """Whether a header's view position names a lateral projection; an unknown view counts as frontal."""
    words = set(re.split(r"[^A-Z]+", view.upper()))
    return bool(words & LATERAL_WORDS) and not words & FRONTAL_WORDS


@dataclass(frozen=True, slots=True)
class RankSettings:
    """What a user chooses about the worklist.

    ``prevalence`` of the clinic and ``threshold``, compared with the first model's probability as shown, both in
    [0, 1]. Several models rank by the ``first`` or by the ``mean`` of their probabilities as shown.
    Raises: ValueError out of range.
    """

    prevalence: float | None = None
    threshold: float | None = None
    by: Literal["image", "study"] = "image"
    rank_by: Literal["first", "mean"] = "first"

    def __post_init__(self) -> None:
        if self.prevalence is not None and not 0 < self.prevalence < 1:
            raise ValueError(f"a prevalence of {self.prevalence} does not lie between 0 and 1")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"a threshold of {self.threshold} is no probability")

"""What a user chooses about the reading order."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RankSettings:
    """What a user chooses about the worklist.

    ``prevalence`` of the clinic and ``threshold``, compared with the first model's probability as shown, both in
    [0, 1]. Several models rank by the ``first`` or by the ``mean`` of their probabilities as shown. Films that are
    unlike training stand ``apart``, after those of tier high and before the rest, or ``rank`` among the others.
    Raises: ValueError out of range.
    """

    prevalence: float | None = None
    threshold: float | None = None
    by: Literal["image", "study"] = "image"
    rank_by: Literal["first", "mean"] = "first"
    unlike: Literal["apart", "rank"] = "apart"

    def __post_init__(self) -> None:
        if self.prevalence is not None and not 0 < self.prevalence < 1:
            raise ValueError(f"a prevalence of {self.prevalence} does not lie between 0 and 1")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"a threshold of {self.threshold} is no probability")

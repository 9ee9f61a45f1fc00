"""What an engine needs of a batch stage, wherever it runs."""

from collections.abc import Sequence
from typing import Protocol

from xrayscan.scanning.row import Row


class Score(Protocol):
    """The batch stage: `xrayscan.scanning.score.BatchScorer`, or whatever has its shape.

    ``streams`` is how many batches it may be given at the same time, each from a thread of its own.
    """

    batch_size: int
    streams: int

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """Return the same rows, scored, in the same order."""
        ...

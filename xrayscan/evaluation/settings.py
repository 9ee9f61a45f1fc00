"""What a user chooses about an evaluation."""

from collections.abc import Callable
from dataclasses import dataclass

from xrayscan.dataset.cache import CACHE_SIZE
from xrayscan.dataset.styles import STYLES
from xrayscan.files.option import option
from xrayscan.files.paths import Path
from xrayscan.model.backend import Placement
from xrayscan.statistics.metrics import RESAMPLES
from xrayscan.worklist.order import check_shares


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """What to measure, and how. ``threshold`` wins over ``operating_point``, which names one of the model's own."""

    split: str | None = option(
        None,
        "Films to evaluate on: test, val, train or all; default: test where DIR is split, else all.",
        metavar="NAME",
    )
    operating_point: str | None = option(
        None, "Operating point to report, such as sensitivity-0.99; default: balanced.", metavar="NAME"
    )
    threshold: float | None = option(None, "Custom threshold; overrides --operating-point.", range=(0, 1), metavar="P")
    prevalence: float | None = option(
        None,
        "Share of films with pneumonia where you work; adds PPV and NPV there, and the gain in the queue.",
        range=(0, 1),
        open=True,
        metavar="P",
    )
    by: str | None = option(
        None,
        "Figures in groups as well: style (films that look alike, found by themselves), or a column of --labels FILE.",
        metavar="GROUP",
    )
    styles: int = option(STYLES, "How many styles --by style finds, at most.", range=(2, 40), metavar="N")
    allow_overlap: bool = option(False, "Show figures even for films that a model was trained on. Reports say so.")
    seed: int = option(0, "Random seed for confidence intervals.")
    resamples: int = RESAMPLES
    placement: Placement = Placement()
    workers: int | None = None
    cache: Path | None = None  # a folder for decoded films
    cache_size: int = CACHE_SIZE  # bytes
    on_film: Callable[[int, int], None] = lambda done, total: None  # called as films are read
    on_scored: Callable[[int, int], None] = lambda done, total: None  # called as films are scored

    def __post_init__(self) -> None:
        check_shares(self.prevalence, self.threshold)

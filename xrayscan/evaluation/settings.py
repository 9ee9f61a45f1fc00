"""What a user chooses about an evaluation."""

from collections.abc import Callable
from dataclasses import dataclass, field

from xrayscan.dataset.styles import STYLES
from xrayscan.model.backend import Placement
from xrayscan.statistics.metrics import RESAMPLES


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """What to measure, and how. ``threshold`` wins over ``operating_point``, which names one of the model's own."""

    split: str | None = field(
        default=None,
        metadata={
            "help": "Films to evaluate on: test, val, train or all; default: test where DIR is split, else all.",
            "metavar": "NAME",
        },
    )
    operating_point: str | None = field(
        default=None,
        metadata={
            "help": "Operating point to report, such as sensitivity-0.99; default: balanced.",
            "metavar": "NAME",
        },
    )
    threshold: float | None = field(
        default=None,
        metadata={"help": "Custom threshold; overrides --operating-point.", "range": (0, 1), "metavar": "P"},
    )
    prevalence: float | None = field(
        default=None,
        metadata={
            "help": "Share of films with pneumonia where you work; adds PPV and NPV there, and the gain in the queue.",
            "range": (0, 1),
            "open": True,
            "metavar": "P",
        },
    )
    by: str | None = field(
        default=None,
        metadata={
            "help": "Figures in groups as well: style (films that look alike, found by themselves), or a column of "
            "--labels FILE.",
            "metavar": "GROUP",
        },
    )
    styles: int = field(
        default=STYLES,
        metadata={"help": "How many styles --by style finds, at most.", "range": (2, 40), "metavar": "N"},
    )
    allow_overlap: bool = field(
        default=False,
        metadata={"help": "Show figures even for films that a model was trained on. Reports say so."},
    )
    seed: int = field(default=0, metadata={"help": "Random seed for confidence intervals."})
    resamples: int = RESAMPLES
    placement: Placement = Placement()
    workers: int | None = None
    on_film: Callable[[int, int], None] = lambda done, total: None  # called as films are read
    on_scored: Callable[[int, int], None] = lambda done, total: None  # called as films are scored

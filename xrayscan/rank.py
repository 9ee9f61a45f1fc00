"""Store → worklist: the reading order, with the tier and the prediction that the model's operating points give.

The store holds probabilities at the training prevalence; everything a user can choose is applied here, so that the
reports of a scan can be made again without scanning.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

from xrayscan.card import ModelCard, OperatingPoint, shift_prevalence
from xrayscan.record import ScanRecord, Status
from xrayscan.store import Counts, Store

Tier = Literal["high", "intermediate", "low", ""]

SOME_REJECTED, NONE_SCORED = 6, 3  # exit codes, as the manual lists them
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

    ``prevalence`` of the clinic and ``threshold``, compared with the probability that is shown, both in [0, 1].
    Raises: ValueError out of range.
    """

    prevalence: float | None = None
    threshold: float | None = None
    by: Literal["image", "study"] = "image"

    def __post_init__(self) -> None:
        if self.prevalence is not None and not 0 < self.prevalence < 1:
            raise ValueError(f"a prevalence of {self.prevalence} does not lie between 0 and 1")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"a threshold of {self.threshold} is no probability")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the tiers and the prediction change: probabilities as shown, so at the clinic's prevalence if given."""

    low: float  # below: the tier is low
    high: float  # at or above: the tier is high
    predicted: float  # at or above: the label with the finding
    point: OperatingPoint | None  # the card's point behind ``predicted``; None where the user gave the threshold


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One line of the worklist, in the order of its columns. ``rank`` and ``probability`` are None where rejected."""

    rank: int | None  # from 1; by study, all images of a study share its rank
    source: str
    status: Status
    probability: float | None  # of the finding, as shown
    tier: Tier
    prediction: str  # one of the card's labels; empty where rejected
    flags: tuple[str, ...]
    reason: str  # empty where scored
    study_uid: str
    series_uid: str
    sop_uid: str
    modality: str
    view: str
    rows: int | None
    columns: int | None
    format: str
    sha256: str


class Worklist:
    """What people read: scored rows in reading order, then the rejected ones. Ignored files are only counted."""

    def __init__(self, store: Store, card: ModelCard, settings: RankSettings | None = None) -> None:
        self.card = card
        self.settings = settings or RankSettings()
        self.counts: Counts = store.counts()
        self.fingerprint = store.models[0]  # of the model that ranks
        self._store = store
        self._point = _default_point(card)
        self._low, self._high = _tier_limits(card)
        self.thresholds = self._thresholds()
        below_low, below_high = store.scored_below(self._low), store.scored_below(self._high)
        self.tier_counts: dict[Tier, int] = {
            "high": self.counts.scored - below_high,
            "intermediate": below_high - below_low,
            "low": below_low,
        }

    @property
    def exit_code(self) -> int:
        """0 if every radiograph found was scored, 6 if some were not, 3 if none was."""
        if not self.counts.scored:
            return NONE_SCORED
        return SOME_REJECTED if self.counts.rejected else 0

    def rows(self) -> Iterator[WorklistRow]:
        """Yield all rows: first the scored ones by rank, then the rejected ones by source."""
        yield from self.scored()
        yield from self.rejected()

    def scored(self) -> Iterator[WorklistRow]:
        """Yield the scored rows in reading order."""
        by_study = self.settings.by == "study"
        ranked = self._store.scored_by_study(is_lateral) if by_study else self._store.scored()
        return (self._row(rank, record) for rank, record in ranked)

    def rejected(self, *, by_reason: bool = False) -> Iterator[WorklistRow]:
        """Yield the rejected rows by source, or by reason and then source."""
        return (self._row(None, record) for record in self._store.rejected(by_reason=by_reason))

    def reasons(self) -> dict[str, int]:
        """Count the rejected rows by reason, in the order of ``rejected(by_reason=True)``."""
        return self._store.reasons()

    def top(self, n: int) -> list[WorklistRow]:
        """Return the first rows to be read, at most ``n``."""
        return list(itertools.islice(self.scored(), n))

    def close(self) -> None:
        """Let go of the store; counts and thresholds stay, rows do not."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _row(self, rank: int | None, record: ScanRecord) -> WorklistRow:
        facts = record.facts
        stored = record.probabilities[0] if record.probabilities else None
        return WorklistRow(
            rank=rank,
            source=record.source,
            status=record.status,
            probability=None if stored is None else self._shown(stored),
            tier="" if stored is None else self._tier(stored),
            prediction="" if stored is None else self._prediction(stored),
            flags=("lateral",) if is_lateral(facts.view) else (),
            reason=record.reason or "",
            study_uid=facts.study_uid,
            series_uid=facts.series_uid,
            sop_uid=facts.sop_uid,
            modality=facts.modality,
            view=facts.view,
            rows=facts.rows,
            columns=facts.columns,
            format=facts.format,
            sha256=facts.sha256,
        )

    def _shown(self, stored: float) -> float:
        if self.settings.prevalence is None:
            return stored
        return shift_prevalence(stored, trained=self.card.prevalence, clinic=self.settings.prevalence)

    # The card's thresholds are compared before the shift, so that no rounding can move a film across one.
    def _tier(self, stored: float) -> Tier:
        if stored < self._low:
            return "low"
        return "high" if stored >= self._high else "intermediate"

    def _prediction(self, stored: float) -> str:
        if self.settings.threshold is None:
            return self.card.labels[stored >= self._point.threshold]
        return self.card.labels[self._shown(stored) >= self.settings.threshold]

    def _thresholds(self) -> Thresholds:
        given = self.settings.threshold
        low, high, default = map(self._shown, (self._low, self._high, self._point.threshold))
        if given is None:
            return Thresholds(low, high, default, self._point)
        return Thresholds(low, high, given, None)


def _default_point(card: ModelCard) -> OperatingPoint:
    """Return "balanced", or else the point whose sensitivity and specificity add up highest."""
    named = {point.name: point for point in card.operating_points}
    best = max(card.operating_points, key=lambda point: point.sensitivity + point.specificity)
    return named.get("balanced", best)


def tier_of(card: ModelCard, probability: float) -> Tier:
    """The tier of one film by a model's own card; ``probability`` is calibrated, at the training prevalence."""
    low, high = _tier_limits(card)
    if probability < low:
        return "low"
    return "high" if probability >= high else "intermediate"


def _tier_limits(card: ModelCard) -> tuple[float, float]:
    """Return where ``low`` ends and ``high`` begins, in this order even where the two points cross.

    A card without "sensitivity-0.99" or "specificity-0.99" gives its most sensitive or most specific point instead.
    """
    named = {point.name: point for point in card.operating_points}
    most_sensitive = max(card.operating_points, key=lambda point: (point.sensitivity, -point.threshold))
    most_specific = max(card.operating_points, key=lambda point: (point.specificity, point.threshold))
    sensitive = named.get("sensitivity-0.99", most_sensitive).threshold
    specific = named.get("specificity-0.99", most_specific).threshold
    return min(sensitive, specific), max(sensitive, specific)

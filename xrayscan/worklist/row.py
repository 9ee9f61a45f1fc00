"""Record → row of the worklist: by which models, at which prevalence, with which thresholds it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from xrayscan.model.card import ModelCard
from xrayscan.store.record import UNLIKE, Facts, ScanRecord, Status
from xrayscan.worklist.order import RankSettings
from xrayscan.worklist.tiers import Tier, TierScale

DISAGREE = "models disagree"  # the flag of a film whose tier differs between the models


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One line of the worklist, in the order of its columns. ``rank`` and ``probability`` are None unless scored."""

    rank: int | None  # from 1; by study, all images of a study share its rank
    source: str
    status: Status  # scored, set aside or failed
    probability: float | None  # of the positive label, as shown
    tier: Tier  # high, unlike, intermediate or low; empty unless scored
    prediction: str  # one of the card's labels; empty unless scored
    flags: tuple[str, ...]
    code: str  # of the reason; empty where scored
    reason: str  # empty where scored
    facts: Facts  # the technical columns: ``row.facts.modality``
    probabilities: tuple[float, ...] = ()  # by every model, the first one's first; empty unless scored
    tiers: tuple[Tier, ...] = ()  # by every model's own thresholds
    mean: float | None = None  # of the probabilities, where it ranks

    @property
    def remarks(self) -> tuple[str, ...]:
        """The flags as people read them, with how unlike training the film is."""
        number = self.facts.unlikeness
        return tuple(f"{flag} ({number:.2f})" if flag == UNLIKE and number is not None else flag for flag in self.flags)


class Reading:
    """How records are read: ``cards`` are the models', the first one's first; ``names`` tell them apart."""

    def __init__(
        self, cards: Sequence[ModelCard], settings: RankSettings | None = None, names: Sequence[str] = ()
    ) -> None:
        self.cards = tuple(cards)
        self.names = tuple(names or (card.name for card in cards))
        self.settings = settings or RankSettings()
        self.by_mean = self.settings.rank_by == "mean" and len(cards) > 1
        self.scales = tuple(TierScale(card, self.settings.prevalence, self.settings.threshold) for card in cards)

    def row(self, rank: int | None, record: ScanRecord) -> WorklistRow:
        """Return the row of a record at its place in the reading order, or of one that has none (yet)."""
        stored = record.probabilities
        shown, tiers = self.shown(stored), self.tiers(stored)
        own: Tier = tiers[0] if tiers else ""
        return WorklistRow(
            rank=rank,
            source=record.source,
            status=record.status,
            probability=shown[0] if shown else None,
            tier="unlike" if own and self.settings.unlike == "apart" and UNLIKE in record.flags else own,
            prediction=self.scales[0].prediction(stored[0]) if stored else "",
            flags=(*record.flags, *([DISAGREE] if len(set(tiers)) > 1 else [])),
            code=record.code,
            reason=record.reason or "",
            facts=record.facts,
            probabilities=shown,
            tiers=tiers,
            mean=self.mean(stored) if stored and self.by_mean else None,
        )

    def shown(self, stored: Sequence[float]) -> tuple[float, ...]:
        """The probabilities as a user reads them."""
        return tuple(scale.shown(one) for scale, one in zip(self.scales, stored, strict=False))

    def tiers(self, stored: Sequence[float]) -> tuple[Tier, ...]:
        """The tiers, one per model."""
        return tuple(scale.tier(one) for scale, one in zip(self.scales, stored, strict=False))

    def mean(self, stored: Sequence[float]) -> float:
        """The mean of the probabilities as a user reads them."""
        return fmean(self.shown(stored))

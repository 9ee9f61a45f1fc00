"""Store → worklist: the reading order, with the tier and the prediction that the models' operating points give.

The store holds probabilities at the training prevalence; everything a user can choose is applied here, so that the
reports of a scan can be made again without scanning.
"""

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from xrayscan.model.card import ModelCard
from xrayscan.store.record import Status
from xrayscan.store.rows import Counts
from xrayscan.store.store import Store
from xrayscan.worklist.order import RankSettings
from xrayscan.worklist.row import DISAGREE as DISAGREE
from xrayscan.worklist.row import Reading
from xrayscan.worklist.row import WorklistRow as WorklistRow
from xrayscan.worklist.tiers import Tier
from xrayscan.worklist.trust import doubts

NOTICE = "Suggested reading order. Not a diagnosis."  # wherever it is shown
PARTIAL = "Partial worklist: the scan was stopped, and files that it did not reach are missing."
SOME_FAILED, NONE_SCORED = 6, 3  # exit codes, as the manual lists them


class Worklist:
    """What people read: scored rows in reading order, then what was set aside, then what failed. The rest is counted.

    ``cards`` are those of the store's models, in the same order; ``names`` tell them apart (default: the cards' own).
    """

    def __init__(
        self,
        store: Store,
        cards: Sequence[ModelCard],
        settings: RankSettings | None = None,
        names: Sequence[str] = (),
    ) -> None:
        self.reading = Reading(cards, settings, names)
        self.cards, self.names, self.settings = self.reading.cards, self.reading.names, self.reading.settings
        self.card = cards[0]  # of the model whose tiers and predictions count
        self.counts: Counts = store.counts()
        self.complete = store.complete  # if not, the scan was stopped: it lacks what was not reached
        self.fingerprints = store.models
        self.fingerprint = store.models[0]
        self.by_mean, self.scales = self.reading.by_mean, self.reading.scales
        self.store = store
        self.thresholds = self.scales[0].thresholds
        self.unlike = store.unlike()  # of the films scored, those unlike training
        self.apart = self.settings.unlike == "apart" and self.unlike > 0
        ranked = self.counts.scored - self.unlike * self.apart
        below_low, below_high = (
            store.scored_below(limit, without_unlike=self.apart) for limit in (self.scales[0].low, self.scales[0].high)
        )
        self.tier_counts: dict[Tier, int] = {  # of the films that do not stand apart
            "high": ranked - below_high,
            "intermediate": below_high - below_low,
            "low": below_low,
        }
        self.doubts = doubts(
            scored=self.counts.scored,
            unlike=self.unlike,
            ranked=ranked,
            high=self.tier_counts["high"],
            point=self.scales[0].high_point,
            prevalence=self.settings.prevalence,
        )
        self.agreement = self._agreement()

    @property
    def outcomes(self) -> str:
        """How many files ended in which way, in words."""
        counts = self.counts
        ends = {"scored": counts.scored, "set aside": counts.set_aside, "failed": counts.failed}
        return ", ".join(f"{films:,} {end}" for end, films in {**ends, "skipped": counts.skipped}.items())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What every reader is to know first: that the list is partial, from a smoke test, or not to be trusted."""
        trials = tuple(f"{card.trial_note}." for card in self.cards if card.is_trial)
        return (*(() if self.complete else (PARTIAL,)), *trials, *self.doubts)

    @property
    def disagreements(self) -> int:
        """How many films have not the same tier by every model."""
        return sum(films for tiers, films in self.agreement.items() if len(set(tiers)) > 1)

    @property
    def exit_code(self) -> int:
        """0 if every radiograph found was scored, 6 if some were not, 3 if none was."""
        if not self.counts.scored:
            return NONE_SCORED
        return SOME_FAILED if self.counts.failed else 0

    def rows(self) -> Iterator[WorklistRow]:
        """Yield all rows: the scored ones by rank, then those set aside and those that failed, by source."""
        yield from self.scored()
        yield from self.unscored(Status.SET_ASIDE)
        yield from self.unscored(Status.FAILED)

    def __iter__(self) -> Iterator[WorklistRow]:
        return self.rows()

    def __len__(self) -> int:
        return self.counts.scored + self.counts.set_aside + self.counts.failed

    def __bool__(self) -> bool:
        return True

    def scored(self) -> Iterator[WorklistRow]:
        """Yield the scored rows in reading order."""
        score = self.reading.mean if self.by_mean else None
        before = self.thresholds.high if self.by_mean else self.scales[0].high
        rank = self.store.scored_by_study if self.settings.by == "study" else self.store.scored
        wait = self.settings.max_wait
        old = None if wait is None else time.time_ns() - int(wait * 1e9)
        return (self.reading.row(place, record) for place, record in rank(score, before if self.apart else None, old))

    def scores(self) -> Iterator[tuple[tuple[float, ...], tuple[Tier, ...], bool]]:
        """Yield every scored film's probabilities as shown, its tiers, one per model, and whether it stands apart.

        In no order, so quickly.
        """
        for stored, unlike in self.store.probabilities():
            yield self.reading.shown(stored), self.reading.tiers(stored), unlike and self.apart

    def unscored(self, status: Status, *, by_reason: bool = False) -> Iterator[WorklistRow]:
        """Yield the rows set aside, or those that failed, by source, or by reason and then source."""
        return (self.reading.row(None, record) for record in self.store.unscored(status, by_reason=by_reason))

    def reasons(self, status: Status) -> dict[str, int]:
        """Count the rows that ended so by reason, in the order of ``unscored(status, by_reason=True)``."""
        return self.store.reasons(status)

    def codes(self, status: Status) -> dict[str, str]:
        """Return the code of each reason for which rows ended so."""
        return self.store.codes(status)

    def top(self, n: int) -> list[WorklistRow]:
        """Return the first rows to be read, at most ``n``."""
        return list(itertools.islice(self.scored(), n))

    def close(self) -> None:
        """Let go of the store; counts and thresholds stay, rows do not."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _agreement(self) -> Mapping[tuple[Tier, ...], int]:
        """Count the films by their tiers, one per model; empty with a single model."""
        if len(self.cards) == 1:
            return {}
        return Counter(tiers for _, tiers, _ in self.scores())

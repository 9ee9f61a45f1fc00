"""What `predict` and `report` answer with --json."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xrayscan.worklist.worklist import Worklist


@dataclass(frozen=True, slots=True)
class ScoringModel:
    """A model that scored."""

    name: str
    version: str
    backend: str
    fingerprint: str  # SHA-256 of the model file


@dataclass(frozen=True, slots=True)
class Ranked:
    """A worklist that was written. Its rows are in the files, such as triage.jsonl."""

    folder: str
    files: list[str]
    complete: bool  # false after an interruption: the same command resumes
    exit_code: int
    counts: dict[str, int]  # found = scored + set_aside + failed + skipped; kept, new, removed: against an earlier scan
    tiers: dict[str, int]  # high, intermediate and low
    unlike: int  # films unlike the training films
    threshold: float  # probability at or above which a film is flagged
    disagreements: int  # films whose tier differs between the models
    models: list[ScoringModel]
    warnings: list[str]
    reasons: dict[str, dict[str, int]]  # files set aside and failed, by reason


def ranked(worklist: "Worklist", folder: str, files: Sequence[str], exit_code: int) -> Ranked:
    """The answer on a worklist that is open."""
    from xrayscan.store.record import Status

    return Ranked(
        folder,
        list(files),
        worklist.complete,
        exit_code,
        dataclasses.asdict(worklist.counts),
        {str(tier): films for tier, films in worklist.tier_counts.items()},
        worklist.unlike,
        worklist.thresholds.predicted,
        worklist.disagreements,
        [
            ScoringModel(card.name, card.version, card.backend, fingerprint)
            for card, fingerprint in zip(worklist.cards, worklist.fingerprints, strict=True)
        ],
        list(worklist.doubts),
        {status.value: worklist.reasons(status) for status in (Status.SET_ASIDE, Status.FAILED)},
    )

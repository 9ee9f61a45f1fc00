"""A record as a row of the store, and how many of each kind there are."""

import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xrayscan.files.json_text import parsed
from xrayscan.files.text import encodable
from xrayscan.sources.source import IDENTITY, Source
from xrayscan.store.record import FACT_LABELS, FACT_TYPES, Facts, ScanRecord, Status

LONGEST = 30 * 86_400 * 1_000_000_000  # ns that a film may have waited when its file came


@dataclass(frozen=True, slots=True)
class Counts:
    """How many paths one run found, and how they ended. found = scored + set aside + failed + skipped, always."""

    found: int
    scored: int
    set_aside: int
    failed: int
    skipped: int
    kept: int  # of those found, taken over unread from an earlier run
    new: int  # of those scored, scored by this run
    removed: int  # of an earlier run, skipped ones aside, and not found any more


def row_of(run: int, source: Source, record: ScanRecord) -> tuple[Any, ...]:
    """What `schema.WRITE` takes."""
    facts = (getattr(record.facts, name) for name in FACT_LABELS)
    return (
        *(os.fsencode(source.path), run, next(iter(record.probabilities), None), _taken(source, record)),
        *identity(source),
        *(os.fsencode(record.source), json.dumps(record.probabilities), str(record.status)),
        *(None if record.reason is None else encodable(record.reason), record.code, json.dumps(record.flags)),
        *(encodable(fact) if isinstance(fact, str) else fact for fact in facts),
    )


def _taken(source: Source, record: ScanRecord) -> int | None:
    """When the film was taken, if that was within `LONGEST` before its file came: else it is a film of earlier days
    that was fetched to compare, or one of the two clocks is wrong, and no wait can be told from it."""
    came, taken = source.mtime_ns or time.time_ns(), record.taken_ns
    return taken if taken is not None and 0 <= came - taken <= LONGEST else None


def record_of(row: Iterable[Any], models: int) -> ScanRecord:
    """What a row of `schema.RECORD` says. Raises: ValueError, TypeError or OverflowError where it was tampered with."""
    source, probabilities, status, reason, code, flags, *facts = row
    numbers = numbers_of(probabilities, models) if status == Status.SCORED else ()
    known = _facts_of(facts)
    raised = tuple(map(str, parsed(flags)))
    if not isinstance(reason, str | None):
        raise ValueError("the reason is no text")
    return ScanRecord(os.fsdecode(source), known, numbers, Status(status), reason, str(code), raised)


def _facts_of(values: Sequence[Any]) -> Facts:
    facts = dict(zip(FACT_TYPES, values, strict=True))
    for value, kind in zip(values, FACT_TYPES.values(), strict=True):
        if not isinstance(value, kind) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError("a fact is not of its kind")
    return Facts(**facts)


def numbers_of(text: Any, models: int) -> tuple[float, ...]:
    """The probabilities of a scored record, one per model. Raises: as `record_of`."""
    numbers = tuple(map(float, parsed(text)))
    if len(numbers) != models:
        raise ValueError(f"{len(numbers)} probabilities by {models} models")
    return numbers


def identity(source: Source) -> Iterator[int]:
    """What a file is known by, within SQLite's range: inodes and times after 2262, in nanoseconds, lie beyond it."""
    return ((getattr(source, name) + (1 << 63)) % (1 << 64) - (1 << 63) for name in IDENTITY)


def other_models(names: Any, stored: Sequence[str], asked: Sequence[str]) -> str:
    """Words on the models of a store, by their ``names`` there, that are not those asked for; both by fingerprint."""
    if len(stored) < 2 or not names:
        return "another model"
    which = "these models in another order" if sorted(asked) == sorted(stored) else "other models"
    return f"{which}: {encodable(', '.join(map(str, names)))}"

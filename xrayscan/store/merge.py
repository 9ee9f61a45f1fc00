"""Several scans' stores → one: of the shares of one scan, or of scans of different folders, by the same models."""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence

from xrayscan.errors import UsageError
from xrayscan.files.text import encodable
from xrayscan.sources.shard import WHOLE, Shard
from xrayscan.store import schema
from xrayscan.store.finished import read_finished
from xrayscan.store.sqlite import explained, transaction
from xrayscan.store.store import STORE_NAME, Store

MISSING_SHOWN = 8


def merge(runs: Sequence[str], out: str, *, fresh: bool = False, share: bool = False) -> list[str]:
    """Bring the records of finished scans together in ``out/scan.sqlite``, all or none; each path has one record.

    A path that several scans hold has the record of the one named last, unless that only skipped it. Merged once more
    into the same folder, they replace what was merged before. ``share``: as in `Store.open`.
    Returns: what they were computed by and in, such as "torch fp32", each once.
    Raises: UsageError for scans by other models, or where a share is missing; InputError and OutputError for a folder
    without a scan, an interrupted or damaged one, or an ``out`` that holds something else.
    """
    if len({*map(os.path.realpath, [out, *runs])}) <= len(runs):
        raise UsageError("each scan is named once, and none of them is where they are merged: give another --out")
    with contextlib.ExitStack() as opened:
        parts = [opened.enter_context(read_finished(run)) for run in runs]
        for run, part in zip(runs, parts, strict=True):
            if part.models != parts[0].models:
                raise UsageError(f"{encodable(run)} was scored by other models than {encodable(runs[0])}: not merged")
        path, inputs = os.path.join(out, STORE_NAME), _inputs(parts)
        merged = MergedStore.open(path, models=parts[0].models, inputs=inputs, fresh=fresh, share=share)
        with opened.enter_context(merged):
            merged.absorb(parts)
        return sorted({" ".join(part.computed) for part in parts} - {""})


class MergedStore(Store):
    """The store that others are brought together in."""

    def absorb(self, parts: Sequence[Store]) -> None:
        """Take over the last run of each, as one run of this store."""
        with explained(self._path), transaction(self._db):
            self._begin()
            for part in parts:
                self._db.executemany(schema.WRITE, part._select(schema.COPY, part.run, self.run))
            self.remember(**{key: parts[0].recall(key) for key in ("cards", "names", "computed")})
        self._begun = True
        self.finish()


def _inputs(parts: Sequence[Store]) -> str:
    """What was scanned, as one fingerprint: of shares, that of the whole. Raises: UsageError for a missing share."""
    shares: dict[str, set[Shard]] = {}
    for part in parts:
        inputs, _, shard = str(part.recall("inputs")).partition(" ")
        shares.setdefault(inputs, set()).add(Shard.parse(shard) if shard else WHOLE)
    for found in shares.values():
        _refuse_missing(found)
    if len(shares) == 1:
        return next(iter(shares))
    return hashlib.sha256("\n".join(sorted(shares)).encode()).hexdigest()


def _refuse_missing(found: set[Shard]) -> None:
    counts = sorted({shard.count for shard in found})
    missing = [str(shard) for count in counts for shard in _all(count) if shard not in found]
    if len(counts) > 1:
        raise UsageError(f"a scan in {counts[0]:,} and one in {counts[-1]:,} shards: not merged")
    if missing:
        shown = ", ".join(missing[:MISSING_SHOWN]) + (" and others" if len(missing) > MISSING_SHOWN else "")
        raise UsageError(f"these shards are missing: {shown}; name their folders as well")


def _all(count: int) -> Iterator[Shard]:
    return (Shard(number, count) for number in range(1, count + 1))

"""Which files of a watched folder may be read: those that nobody writes to any more.

No event says that a file is complete, and of a folder that is moved in most files bring none: so the folder is walked,
and a file counts once its size, times and inode have been the same for a while.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from xrayscan.sources.folders import discover
from xrayscan.sources.source import IDENTITY, Source
from xrayscan.store.record import ScanRecord

PARTIAL = (".part", ".partial", ".filepart", ".tmp", ".crdownload")  # names of copies in progress, renamed at the end

Identity = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: that a file must be at rest before it is read (``settle``), and that one which cannot be read may yet
    be completed (``give_up``)."""

    settle: float = 2.0
    give_up: float = 60.0


@dataclass(slots=True)
class _Seen:
    source: Source
    identity: Identity
    since: float  # unchanged
    waits: bool = False  # it was read, and is not complete


class Arrivals:
    """What was seen of one folder, look after look."""

    def __init__(
        self,
        folder: str,
        patience: Patience,
        *,
        archives: bool = True,
        exclude: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._patience, self._clock = folder, patience, clock
        self._archives, self._exclude = archives, exclude
        self._seen: dict[str, _Seen] = {}
        self._taken: frozenset[tuple[str, Identity]] = frozenset()
        self.away = False  # whether the folder could not be listed, or is empty where it was not: a share that is gone

    def look(self) -> None:
        """Walk the folder. What lies below a folder that cannot be listed for now is as it was."""
        now = self._clock()
        found = {one.path: one for one in discover([self._folder], archives=self._archives, exclude=self._exclude)}
        root = found.get(os.path.abspath(self._folder))
        self.away = bool(root and root.reason) or (not found and bool(self._seen))
        if self.away or not os.path.isdir(self._folder):
            self.away = True
            return
        closed = tuple(os.path.join(one.path, "") for one in found.values() if one.reason and os.path.isdir(one.path))
        kept = {path: one for path, one in self._seen.items() if closed and path.startswith(closed)}
        self._seen = kept | {path: self._noted(source, now) for path, source in found.items()}

    def _noted(self, source: Source, now: float) -> _Seen:
        identity, before = tuple(getattr(source, name) for name in IDENTITY), self._seen.get(source.path)
        return before if before and before.identity == identity else _Seen(source, identity, now)

    @property
    def changing(self) -> bool:
        """Whether a file is not at rest yet."""
        return any(not self._at_rest(one) for one in self._seen.values())

    @property
    def due(self) -> bool:
        """Whether there is something that the last batch did not hold, or a file has waited long enough."""
        late = any(one.waits and self._age(one) >= self._patience.give_up for one in self._seen.values())
        return not self.away and (late or self._ready() != self._taken)

    @property
    def until_late(self) -> float:
        """Seconds until the first of the files that are there in part has waited long enough; infinite without one,
        and while the folder is away.
        """
        ages = (self._age(one) for one in self._seen.values() if one.waits and not self.away)
        return max(0.0, self._patience.give_up - max(ages, default=-math.inf))

    @property
    def waiting(self) -> list[str]:
        """The files that are there in part."""
        return [one.source.source for one in self._seen.values() if one.waits]

    def take(self) -> list[Source]:
        """Everything that may be read now: all that is in the folder, but for what is not at rest."""
        self._taken = self._ready()
        for one in self._seen.values():
            one.waits = False
        return [self._seen[path].source for path, _ in sorted(self._taken)]

    def again(self) -> None:
        """Forget that the last batch was taken, since it could not be recorded."""
        self._taken = frozenset()

    def waits(self, source: Source, record: ScanRecord) -> bool:
        """Whether a file that failed may yet be completed, so that it is too early to say so."""
        one = self._seen.get(source.path)
        if one is None or one.source.reason or self._age(one) >= self._patience.give_up:
            return False
        one.waits = True
        return True

    def _ready(self) -> frozenset[tuple[str, Identity]]:
        return frozenset((path, one.identity) for path, one in self._seen.items() if self._at_rest(one))

    def _at_rest(self, one: _Seen) -> bool:
        partial = one.source.path.lower().endswith(PARTIAL)
        needed = self._patience.give_up if partial else self._patience.settle
        return bool(one.source.reason) or self._age(one) >= needed

    def _age(self, one: _Seen) -> float:
        return self._clock() - one.since

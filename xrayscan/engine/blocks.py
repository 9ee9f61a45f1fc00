"""Rows to workers far away: in blocks, a bounded number of which are under way, and none of which gets lost."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from xrayscan.engine.interface import EngineJob, Row, Rows
from xrayscan.errors import Code

PATIENCE = 1.0  # s that a block waits to be filled while files are still being found
TICK = 0.5  # s between two looks at whether the scan is to stop
TELL_AFTER = 10.0  # s in which nothing has come, before people are told what is lacking
REFUSED_AT_ONCE = 256  # rows with a reason are handed over in lots, since each lot is one transaction on a share
LOST = "the worker that read it was lost, again and again"


@dataclass(frozen=True, slots=True)
class LostBlock:
    """A block whose workers died, as often as the pool lets them: it is tried again in halves."""

    block: list[Row]


class EnginePool(Protocol):
    """Workers somewhere, that take blocks."""

    def room(self) -> int:
        """How many blocks may be under way: some for each worker, so that none waits. Workers may come and go."""
        ...

    def submit(self, block: list[Row]) -> None:
        """Have a worker score a block, and another one if that is lost."""
        ...

    def lacking(self) -> str:
        """What the scan waits for, if it lacks workers, as in "waiting for …"; "" where they are at work."""
        ...

    def collect(self, seconds: float) -> Iterator[list[Row] | LostBlock]:
        """Wait at most so long for a block, and yield those that are finished or lost."""
        ...


class Patience:
    """Tells people what a scan waits for once nothing has come for a while, and again when that changes."""

    def __init__(self, job: EngineJob, lacking: Callable[[], str]) -> None:
        self._job, self._lacking = job, lacking
        self._told, self._since = "", time.monotonic()

    def came(self) -> None:
        """Know that something came."""
        self._since = time.monotonic()
        self._tell("")

    def look(self) -> None:
        """Tell it, if it is time."""
        if time.monotonic() - self._since > TELL_AFTER:
            self._tell(self._lacking())

    def _tell(self, told: str) -> None:
        if told != self._told:
            self._told = told
            self._job.waiting(told)


def run_blocks(job: EngineJob, rows: Rows, pool: EnginePool, size: int) -> Iterator[list[Row]]:
    """Have a pool's workers finish all rows; yield lists of them as they come.

    Memory is bounded by the pool's room, whatever the length of ``rows``.
    """
    blocks, under_way, patience = _Blocks(rows, size), 0, Patience(job, pool.lacking)
    while not job.stopping() and (blocks.more or under_way):
        while under_way < pool.room() and (block := blocks.take()):
            pool.submit(block)
            under_way += 1
        yield from blocks.take_refused()
        for answer in pool.collect(TICK if under_way else 0):
            under_way -= 1
            patience.came()
            if isinstance(answer, LostBlock):
                blocks.give_back(answer.block)
            else:
                yield answer
        patience.look()
        if not (under_way or pool.room()):
            time.sleep(TICK)
    yield from (answer for answer in pool.collect(0) if not isinstance(answer, LostBlock))
    yield from blocks.take_refused(0)


@dataclass(slots=True)
class _Blocks:
    """Rows as blocks of one size; those with a reason aside."""

    rows: Rows
    size: int
    _ended: bool = False
    _ready: list[Row] = field(default_factory=list)
    _since: float = 0.0  # when the first of those that are ready came
    _refused: list[Row] = field(default_factory=list)
    _again: deque[list[Row]] = field(default_factory=deque)

    @property
    def more(self) -> bool:
        """Whether there are rows that nobody was given."""
        return not self._ended or bool(self._ready or self._again)

    def take(self) -> list[Row]:
        """Return the next block; an empty one where there is none for now."""
        if self._again:
            return self._again.popleft()
        self._draw()
        waited = time.monotonic() - self._since > PATIENCE
        if not self._ready or not (self._ended or waited or len(self._ready) >= self.size):
            return []
        block, self._ready = self._ready, []
        return block

    def take_refused(self, least: int = REFUSED_AT_ONCE) -> Iterator[list[Row]]:
        """Yield the rows that have a reason, once there are enough of them or no more are to come."""
        if len(self._refused) > (0 if self._ended else least):
            refused, self._refused = self._refused, []
            yield refused

    def give_back(self, block: list[Row]) -> None:
        """Take a block that was lost to be tried in halves; a single row is given up."""
        if len(block) > 1:
            middle = len(block) // 2
            self._again += (block[:middle], block[middle:])
        else:
            self._refused += [
                row | {"reason": LOST, "code": Code.CRASHED, "status": Code.CRASHED.status} for row in block
            ]

    def _draw(self) -> None:
        while not self._ended and len(self._ready) < self.size:
            try:
                row = next(self.rows)
            except StopIteration:
                self._ended = True
                return
            if row is None:
                return
            if row.get("reason"):
                self._refused.append(row)
                if len(self._refused) > REFUSED_AT_ONCE:
                    return
                continue
            self._since = self._since if self._ready else time.monotonic()
            self._ready.append(row)

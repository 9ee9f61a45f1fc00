"""A worker that is made where and when the first block comes: what one process of a cluster keeps of a scan."""

import threading

from xrayscan.engine.interface import EngineWorker, Plan, Row, Settled


class WorkerOnDemand:
    """A plan in one process, and the worker that is opened from it once. Several threads may call it."""

    def __init__(self, plan: Plan, cores: int | None = None) -> None:
        self._plan, self._cores = plan, cores
        self._lock = threading.Lock()
        self._worker: EngineWorker | None = None

    def settle(self) -> Settled:
        """Decide by what all workers compute, as `Plan.settle`."""
        return self._plan.settle()

    def score(self, settled: Settled, block: list[Row]) -> list[Row]:
        """Score a block, by the worker that the first one opened."""
        with self._lock:
            worker = self._worker = self._worker or self._plan.open(settled, self._cores)
        return worker.score(block)

    def close(self) -> None:
        """End the reader processes, if there are any yet."""
        with self._lock:
            if self._worker:
                self._worker.close()
                self._worker = None

"""An engine: blocks of films to two threads of this process, where a cluster's workers would be."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from xrayscan import Engine, EngineJob, LostBlock, Plan, Row, Settled, WorkerOnDemand, hookimpl, run_blocks

THREADS = 2  # one reads, one scores


class MyPlugin:
    """The workers, as `xrayscan.run_blocks` sees them."""

    def __init__(self, plan: Plan, settled: Settled) -> None:
        self._worker, self._settled = WorkerOnDemand(plan), settled
        self._threads = ThreadPoolExecutor(THREADS)
        self._under_way: set[Future[list[Row]]] = set()

    def room(self) -> int:
        """How many blocks may be under way; workers may come and go."""
        return THREADS + 1

    def submit(self, block: list[Row]) -> None:
        """Have a worker score a block."""
        self._under_way.add(self._threads.submit(self._worker.score, self._settled, block))

    def lacking(self) -> str:
        """What the scan waits for while there are no workers, in words for people; these two are always there."""
        return ""

    def collect(self, seconds: float) -> Iterator[list[Row] | LostBlock]:
        """Wait for a block, and yield what is finished; a block whose worker died would be a `LostBlock`."""
        done, self._under_way = wait(self._under_way, seconds, FIRST_COMPLETED)
        for one in done:
            yield one.result()

    def close(self) -> None:
        """End what was started."""
        self._threads.shutdown(cancel_futures=True)
        self._worker.close()


def run(job: EngineJob, rows: Iterator[Row | None]) -> Iterator[list[Row]]:
    """Score the rows; ``--engine my-plugin`` imports this when it is used."""
    plan = job.plan()
    settled = plan.settle()
    job.started(settled)
    pool = MyPlugin(plan, settled)
    try:
        yield from run_blocks(job, rows, pool, settled.block)
    finally:
        pool.close()


@hookimpl
def register_engines(register: Callable[[Engine], None]) -> None:
    """Offer the engine."""
    register(Engine("my-plugin", "Two threads of this process.", "my_plugin:run"))

"""A scan on a Dask cluster. Imported only when ``--engine dask`` is used; workers import it too.

The plan goes to the scheduler once, as a worker plugin: each worker has it before its first block, and so has one that
joins later. A block that is lost with its worker is given to another one by Dask; when Dask gives it up, it is tried in
halves.
"""

import contextlib
import logging
import os
import queue
import uuid
from collections.abc import Iterator
from typing import Any

import distributed
from dask import config

from xrayscan import (
    Cluster,
    EngineJob,
    LostBlock,
    Patience,
    Plan,
    Row,
    Settled,
    UsageError,
    WorkerOnDemand,
    XrayscanError,
    run_blocks,
)

BLOCKS_PER_WORKER = 3  # one is read, one is scored, one waits
GIVES_BACK = "MALLOC_TRIM_THRESHOLD_"  # set by Dask: a reader would ask the kernel for the pages of each film anew
CONNECT_SECONDS = 20.0
ANSWER_SECONDS = 1.0  # between two looks at whether the scan is to stop
RESUME = "what was scored is recorded, the same command resumes"
ALONE = {  # of a cluster that is started here: workers may start readers, no page tells strangers anything, and
    "distributed.worker.daemon": False,  # nothing is sampled: that takes 6 % of a core, all the time
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
QUIET = ("distributed", "tornado", "asyncio")  # what they say of connections is no news to people


def run(job: EngineJob, rows: Iterator[Row | None]) -> Iterator[list[Row]]:
    """Score the rows on the cluster that the job names, or on one that is started on this machine."""
    with _quiet(), _client(job.cluster) as client, _Workers(client, job) as workers:
        if (settled := workers.settle()) is not None:
            job.started(settled)
            yield from run_blocks(job, rows, workers, settled.block)


class _Workers:
    """The cluster's workers, as `run_blocks` sees them."""

    def __init__(self, client: Any, job: EngineJob) -> None:
        self._client, self._job = client, job
        self._name = f"xrayscan-{uuid.uuid4().hex}"
        self._settled: Settled | None = None
        self._blocks: dict[Any, list[Row]] = {}  # by the future of each
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __enter__(self) -> "_Workers":
        try:
            self._client.register_plugin(_Here(self._job.plan()), name=self._name)
        except XrayscanError:
            raise
        except Exception as error:  # as the worker raised it: no such module, another protocol
            raise UsageError(
                f"a worker cannot run xrayscan ({type(error).__name__}: {error}): install the same version on all"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):  # the cluster may be gone
            self._client.cancel(list(self._blocks), force=True)
            self._client.unregister_worker_plugin(self._name)

    def settle(self) -> Settled | None:
        """Have one worker decide by what all compute; None if the scan is stopped before there is one."""
        future = self._client.submit(_settle, self._name, pure=False)
        patience = Patience(self._job, self.lacking)
        while not self._job.stopping():
            with contextlib.suppress(TimeoutError):
                self._settled = future.result(timeout=ANSWER_SECONDS)
                patience.came()
                return self._settled
            patience.look()
        return None

    def lacking(self) -> str:
        """See `EnginePool.lacking`."""
        if not (count := len(self._client.nthreads())):
            return "a worker: the Dask cluster has none"
        return "" if self._settled else f"an answer of the Dask cluster's {count} workers, busy or loading models"

    def room(self) -> int:
        """Some blocks for each worker that is there now; one, where none has come yet."""
        return max(1, BLOCKS_PER_WORKER * len(self._client.nthreads()))

    def submit(self, block: list[Row]) -> None:
        """Have a worker score the block."""
        future = self._client.submit(_score, self._name, self._settled, block, pure=False)
        self._blocks[future] = block
        future.add_done_callback(self._done.put)

    def collect(self, seconds: float) -> Iterator[list[Row] | LostBlock]:
        """Wait for a block, and yield what is finished or lost."""
        with contextlib.suppress(queue.Empty):
            future = self._done.get(timeout=seconds) if seconds else self._done.get_nowait()
            while True:
                yield self._answer(future, self._blocks.pop(future))
                future = self._done.get_nowait()

    def _answer(self, future: Any, block: list[Row]) -> list[Row] | LostBlock:
        try:
            rows: list[Row] = future.result()
        except distributed.scheduler.KilledWorker:
            return LostBlock(block)
        except (distributed.CancelledError, distributed.comm.CommClosedError) as error:
            raise XrayscanError(f"the Dask cluster is gone ({type(error).__name__}): {RESUME}") from error
        return rows


class _Here(distributed.WorkerPlugin):  # type: ignore[misc]  # a library without types
    """The plan on one worker, and what is made of it once there is work."""

    worker: WorkerOnDemand

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def setup(self, worker: Any) -> None:
        """Take what the worker may use; nothing is made yet, since the worker waits."""
        self.worker = WorkerOnDemand(self.plan, worker.state.nthreads)
        os.environ.pop(GIVES_BACK, None)  # for its readers, which have not been started

    def teardown(self, worker: Any) -> None:
        """End the readers."""
        self.worker.close()


def _here(name: str) -> WorkerOnDemand:
    here: WorkerOnDemand = distributed.get_worker().plugins[name].worker
    return here


def _settle(name: str) -> Settled:
    return _here(name).settle()


def _score(name: str, settled: Settled, block: list[Row]) -> list[Row]:
    return _here(name).score(settled, block)


@contextlib.contextmanager
def _client(cluster: Cluster) -> Iterator[Any]:
    """A client of the cluster, or of one that is started here and ends with it."""
    with contextlib.ExitStack() as opened:
        if cluster.address is None:
            opened.enter_context(config.set(ALONE))
            address, security = _started_here(opened)
        else:
            address, security = cluster.address, _security(cluster)
        try:
            client = distributed.Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError, ImportError) as error:
            told = " ".join(str(error).split())
            raise UsageError(f"no Dask scheduler answers at {cluster.address} ({told}): see --cluster") from error
        opened.callback(client.close, timeout=ANSWER_SECONDS)
        yield client


def _started_here(opened: contextlib.ExitStack) -> tuple[Any, Any]:
    """A cluster on this machine that nobody else can join: mutual TLS, with certificates made for it."""
    security = distributed.Security.temporary()
    cluster = distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        protocol="tls",
        security=security,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        silence_logs=logging.CRITICAL,
    )
    opened.enter_context(cluster)
    return cluster.scheduler_address, security


def _security(cluster: Cluster) -> Any:
    """Certificates as the options name them, or else as Dask is configured. Raises: UsageError."""
    given = {
        "tls_ca_file": cluster.authority,
        "tls_client_cert": cluster.certificate,
        "tls_client_key": cluster.key,
    }
    given = {name: file for name, file in given.items() if file}
    if given and not str(cluster.address).startswith("tls://"):
        raise UsageError(f"certificates are for a cluster at tls://…, not {cluster.address}")
    return distributed.Security(require_encryption=True, **given) if given else distributed.Security()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the libraries log to themselves."""
    loggers = [logging.getLogger(name) for name in QUIET]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)

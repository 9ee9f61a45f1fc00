"""A scan on a Ray cluster, by Ray Core: one actor for each node, or for each GPU of a node.

Imported by `ray_cluster`, and by the actors' processes. The plan is put into the object store once, and an actor that
is started anew gets it again. An actor that is lost gets no block until it answers. A block that is lost with its actor
goes to another one, and is tried in halves once that has happened often.
"""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import (
    ActorUnschedulableError,
    GetTimeoutError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)

from xrayscan import (
    Cluster,
    EngineJob,
    LostBlock,
    Patience,
    Row,
    Settled,
    UsageError,
    WorkerOnDemand,
    XrayscanError,
    run_blocks,
)

BLOCKS_PER_ACTOR = 3  # one is read, one is scored, one waits
LOSSES = 3  # of one block, before it is tried in halves
LOOK_SECONDS = 5.0  # between two looks at which nodes there are
ANSWER_SECONDS = 1.0  # between two looks at whether the scan is to stop
LOST = (  # what a worker or its node that died looks like, the answers that lay there included
    RayActorError,
    ActorUnschedulableError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    WorkerCrashedError,
)
RESUME = "what was scored is recorded, the same command resumes"


def run_on_actors(job: EngineJob, rows: Iterator[Row | None]) -> Iterator[list[Row]]:
    """Score the rows on the cluster that the job names, or on one that is started on this machine."""
    with _joined(job.cluster):
        actors = _Actors(job)
        if (settled := actors.settle()) is not None:
            job.started(settled)
            yield from run_blocks(job, rows, actors, settled.block)


@dataclass(slots=True)
class _Sent:
    """A block that is under way."""

    block: list[Row]
    actor: Any
    losses: int


class _Actors:
    """The cluster's actors, as `run_blocks` sees them."""

    def __init__(self, job: EngineJob) -> None:
        self._job, self._plan = job, ray.put(job.plan())
        self._settled: Any = None
        self._actors: dict[str, list[Any]] = {}  # by node
        self._starting: dict[Any, Any] = {}  # of them, those that have not answered yet, by the reference to that
        self._sent: dict[Any, _Sent] = {}  # by the reference to each answer
        self._unsent: list[tuple[list[Row], int]] = []  # blocks for which there was no actor, and their losses
        self._looked = 0.0

    def settle(self) -> Settled | None:
        """Have one actor decide by what all compute; None if the scan is stopped before there is one."""
        patience, asked = Patience(self._job, self.lacking), None
        while not self._job.stopping():
            try:
                if asked is not None:
                    self._settled = ray.get(asked, timeout=ANSWER_SECONDS)
                    patience.came()
                    return self._settled  # type: ignore[no-any-return]
                asked = actors[0].settle.remote() if (actors := self._all(ANSWER_SECONDS)) else None
            except GetTimeoutError:
                pass
            except LOST:
                asked = None
                self._lost(actors[0])
            except RayTaskError as error:
                raise _own(error) from error
            patience.look()
        return None

    def lacking(self) -> str:
        """See `EnginePool.lacking`."""
        if self._all():
            return "" if self._settled else "an answer of a Ray worker, which loads models"
        gpus = int(ray.cluster_resources().get("GPU", 0))
        if gpus and not ray.available_resources().get("GPU", 0):
            return f"a free GPU: of the Ray cluster's {gpus} none is"
        return "a worker to start" if self._actors else "a node with a CPU: the Ray cluster has none"

    def room(self) -> int:
        """Some blocks for each actor that is there now."""
        return BLOCKS_PER_ACTOR * len(self._all())

    def submit(self, block: list[Row], losses: int = 0) -> None:
        """Have the actor score the block that has the least to do."""
        if not (actors := self._all()):
            self._unsent.append((block, losses))
            return
        busy = Counter(sent.actor for sent in self._sent.values())
        actor = min(actors, key=lambda one: busy[one])
        self._sent[actor.score.remote(self._settled, block)] = _Sent(block, actor, losses)

    def collect(self, seconds: float) -> Iterator[list[Row] | LostBlock]:
        """Wait for a block, and yield what is finished or lost."""
        unsent, self._unsent = self._unsent, []
        for block, losses in unsent:
            self.submit(block, losses)
        if not self._sent:
            time.sleep(seconds)
            return
        done, _ = ray.wait(list(self._sent), num_returns=1, timeout=seconds)
        for answer in done:
            sent = self._sent.pop(answer)
            try:
                yield ray.get(answer)
            except RayTaskError as error:
                raise _own(error) from error
            except LOST:
                self._lost(sent.actor)
                yield from self._again(sent)
            except RayError as error:
                raise XrayscanError(f"the Ray cluster is gone ({type(error).__name__}): {RESUME}") from error

    def _again(self, sent: _Sent) -> Iterator[LostBlock]:
        if sent.losses + 1 >= LOSSES:
            yield LostBlock(sent.block)
        else:
            self.submit(sent.block, sent.losses + 1)

    def _lost(self, actor: Any) -> None:
        """Give an actor no more blocks until it answers: it is started again, unless its node is gone."""
        self._looked = 0.0
        if actor not in self._starting.values():
            self._starting[actor.__ray_ready__.remote()] = actor

    def _all(self, seconds: float = 0.0) -> list[Any]:
        """Every actor that has answered; waits so long for one that has not.

        One that has not may wait for a GPU that others use, for hours: no block is to wait with it.
        """
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._look()
        answered, _ = ray.wait(list(self._starting), timeout=seconds) if self._starting else ([], [])
        for answer in answered:
            self._take(self._starting.pop(answer), answer)
        starting = list(self._starting.values())
        ready = [actor for actors in self._actors.values() for actor in actors if actor not in starting]
        if not (ready or starting):
            time.sleep(seconds)
        return ready

    def _look(self) -> None:
        """Start actors on nodes that have joined, and forget those of nodes that left."""
        self._looked = time.monotonic()
        nodes = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
        here = {name: resources for name, resources in sorted(nodes.items()) if resources.get("CPU")}
        for name in self._actors.keys() - here.keys():
            del self._actors[name]
        for name in [name for name in here if not self._actors.get(name)]:
            self._actors[name] = list(_started(name, here[name], self._plan))
            self._starting |= {actor.__ray_ready__.remote(): actor for actor in self._actors[name]}

    def _take(self, actor: Any, answer: Any) -> None:
        """Take over an actor's first answer. Raises: UsageError if it cannot run xrayscan."""
        try:
            ray.get(answer)
        except LOST as error:
            if isinstance(error, RayActorError) and error.actor_init_failed:
                raise UsageError(
                    f"a worker cannot run xrayscan ({_told(error)}): install the same version on all"
                ) from error
            for actors in self._actors.values():  # its node is gone
                if actor in actors:
                    actors.remove(actor)


def _started(node: str, resources: dict[str, float], plan: Any) -> Iterator[Any]:
    """An actor on this node for each of its GPUs, or one; one that dies is started again there."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    gpus = int(resources.get("GPU", 0))
    cores = max(1, int(resources["CPU"]) // max(1, gpus))
    for _ in range(max(1, gpus)):
        yield (
            ray.remote(WorkerOnDemand)
            .options(
                num_cpus=0,  # its readers take what there is
                num_gpus=1 if gpus else 0,
                max_concurrency=2,
                max_restarts=-1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            )
            .remote(plan, cores)
        )


def _told(error: Exception) -> str:
    """The last line of an error of Ray, which quotes all that led to it."""
    return str(error).strip().splitlines()[-1].strip()


def _own(error: Any) -> XrayscanError:
    """What a worker raised, if it is an error of ours."""
    cause = error.cause
    return (
        cause
        if isinstance(cause, XrayscanError)
        else XrayscanError(f"a worker failed: {type(cause).__name__}: {cause}")
    )


@contextlib.contextmanager
def _joined(cluster: Cluster) -> Iterator[None]:
    """Join the cluster, or start one here that ends with the scan."""
    if cluster.authority or cluster.certificate or cluster.key:
        raise UsageError("Ray takes its certificates from the environment (RAY_USE_TLS), not from options")
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    here = {} if cluster.address else {"address": "local", "include_dashboard": False}
    try:
        ray.init(**({"address": cluster.address} if cluster.address else here), **quiet)
    except (ConnectionError, RuntimeError, ValueError, ImportError, RayError) as error:
        told = next(iter(str(error).splitlines()), "")
        raise UsageError(f"no Ray cluster at {cluster.address} ({told}): see --cluster") from error
    try:
        yield
    finally:
        ray.shutdown()

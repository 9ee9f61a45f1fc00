"""The processes that train a network together: how they find each other, wait for each other and tell each other.

torch is imported by the functions that talk: for a single process there is nobody to talk to.
"""

import contextlib
import hashlib
import os
import socket
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from xrayscan.errors import PeerLostError, UsageError
from xrayscan.model.ranks import Ranks
from xrayscan.runtime.interface import cores

BACKENDS = {"cuda": "cpu:gloo,cuda:nccl"}  # by the kind of device; gloo alone for all others
PATIENCE = timedelta(days=1)  # the others wait while the first one reads films; one that died is noticed at once
INTERFACES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")


@contextlib.contextmanager
def process_group(ranks: Ranks, kind: str, store: str | None = None) -> Iterator[None]:
    """Join the other processes meanwhile. Does nothing for a single one.

    ``kind`` of device: cpu or cuda. ``store``: a file that is not there yet, by which processes of this machine find
    each other and then talk over its loopback interface alone; None: as MASTER_ADDR and MASTER_PORT say.
    Raises: PeerLostError in place of what torch raises when another process has ended.
    """
    if ranks.size == 1:
        yield
        return
    import torch

    with _peers():
        if kind == "cuda":
            torch.cuda.set_device(ranks.local_rank)
        _join(ranks, BACKENDS.get(kind, "gloo"), store)
        yield
        torch.distributed.destroy_process_group()


def _join(ranks: Ranks, backend: str, store: str | None) -> None:
    from torch.distributed import init_process_group

    method = "env://"
    if store:
        os.environ.update(dict.fromkeys(INTERFACES, _loopback()))
        method = f"file://{store}"
    init_process_group(backend, method, PATIENCE, ranks.size, ranks.rank)


def _loopback() -> str:
    return next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")


@contextlib.contextmanager
def _peers() -> Iterator[None]:
    """Tell an end of another process from errors of this one's own."""
    from torch.distributed import DistError

    try:
        yield
    except RuntimeError as error:  # gloo has no class of its own for it
        if not isinstance(error, DistError) and "gloo" not in str(error):
            raise
        why = str(error).strip().partition("\n")[0]
        raise PeerLostError(f"another process of this training has ended or cannot be reached ({why})") from error


@contextlib.contextmanager
def first_alone(ranks: Ranks) -> Iterator[None]:
    """Have the first process do something, and then the others."""
    if not ranks.first:
        wait(ranks)
    yield
    if ranks.first:
        wait(ranks)


@contextlib.contextmanager
def sharing_cores(ranks: Ranks) -> Iterator[None]:
    """Have the processes of a machine divide its cores meanwhile, as torch's threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(before, max(1, cores() // ranks.local_size)))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def wait(ranks: Ranks) -> None:
    """Wait until all have come here."""
    told_by_first(ranks, np.zeros(1, np.float32))


def told_by_first(ranks: Ranks, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What the first process passes here, (N,); the others pass as many numbers of any kind."""
    if ranks.size == 1:
        return values
    import torch

    told = torch.from_numpy(values.copy())
    torch.distributed.broadcast(told, 0)
    return told.numpy()


def gathered(
    ranks: Ranks, places: npt.NDArray[np.intp], values: npt.NDArray[np.float32], count: int
) -> npt.NDArray[np.float32]:
    """Put together what every process found, ``values`` (n,) at its ``places`` (n,), as (count,) in all of them.

    Raises: RuntimeError unless every place is somebody's, and nobody else's.
    """
    if ranks.size == 1:
        return values[np.argsort(places)]
    import torch

    own = np.zeros(count, np.float32)
    np.add.at(own, places, values)
    together = torch.from_numpy(np.stack([own, np.bincount(places, minlength=count).astype(np.float32)]))
    torch.distributed.all_reduce(together)
    answers, owners = together.numpy()
    if not (owners == 1).all():
        raise RuntimeError(f"{int((owners != 1).sum())} of {count} places are nobody's, or of several processes")
    return np.asarray(answers)


def refuse_unequal(ranks: Ranks, what: str) -> None:
    """Raises: UsageError unless all processes pass the same text, which says what they are about to train on."""
    if ranks.size == 1:
        return
    import torch

    number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:7])
    ends = torch.tensor([number, -number])
    torch.distributed.all_reduce(ends, torch.distributed.ReduceOp.MIN)
    if int(ends[0]) != -int(ends[1]):
        raise UsageError(
            "the processes do not see the same films and run folder: put DIR and RUN/ on storage that they all share"
        )

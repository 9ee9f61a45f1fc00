"""One training run on several devices: a process for each of them on this machine, or those that torchrun started."""

import contextlib
import dataclasses
import logging
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from types import FrameType
from typing import TYPE_CHECKING, Any

from xrayscan.errors import PeerLostError, UsageError, XrayscanError
from xrayscan.files.import_path import safe_environment
from xrayscan.files.text import counted
from xrayscan.model.backend import Placement
from xrayscan.model.ranks import Ranks
from xrayscan.network.device import devices_there
from xrayscan.network.process_group import process_group
from xrayscan.scanning.spawned_readers import main_set_aside

if TYPE_CHECKING:
    from torch.multiprocessing.spawn import ProcessContext

TICK = 0.2  # s between two looks at what the processes say
GRACE = 1.5  # s to end in order, for the others once one has ended
LEFT_TO_LAUNCHER = 10.0  # s in which a process that lost another one is ended from outside, as long as that works
ENDED = 128 + signal.SIGTERM

Work = Callable[..., Any]  # (ranks, *arguments), found by its name in the processes, as its arguments are


def on_devices(work: Work, *arguments: Any, device: str, count: int | None) -> Any:
    """Run ``work(ranks, *arguments)`` in one process for each device, and return what the first of them does.

    ``count`` of devices of this machine; None: every GPU, or one process on a CPU. A process that torchrun started
    works with its siblings, and returns its own answer. Raises: UsageError for more devices than there are, whatever
    `XrayscanError` a process raised first, and one of its own if a process was killed.
    """
    ranks = Ranks.from_environment()
    if ranks.size == 1 and count == 1:
        return work(ranks, *arguments)
    kind, there = devices_there(device)
    if ranks.size > 1:
        if count not in (None, 1, ranks.size, ranks.local_size):
            raise UsageError(f"{ranks.size} processes were started for this training: leave out --devices {count}")
        _refuse_more(ranks.local_size, kind, there)
        with process_group(ranks, kind):
            return work(ranks, *arguments)
    count = count or (there if kind == "cuda" else 1)
    _refuse_more(count, kind, there)
    return _launched(work, arguments, count, kind) if count > 1 else work(ranks, *arguments)


def own_device(placement: Placement, ranks: Ranks) -> Placement:
    """The GPU of one process among those of its machine; a CPU is everybody's."""
    if ranks.size == 1 or not placement.device.startswith("cuda"):
        return placement
    return dataclasses.replace(placement, device=f"cuda:{ranks.local_rank}")


def _refuse_more(count: int, kind: str, there: int) -> None:
    if count > there:
        what = {"cuda": "CUDA device", "cpu": "CPU core"}.get(kind, "device")
        raise UsageError(f"{count} devices asked for, and {counted(there, what)} to be used here: give fewer --devices")


def _launched(work: Work, arguments: tuple[Any, ...], count: int, kind: str) -> Any:
    from torch.multiprocessing.spawn import start_processes

    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # it tells of every process that it ends
    os.environ.update(safe_environment())  # a child takes its path from there, before any code of ours
    heard, said = zip(*(multiprocessing.Pipe(duplex=False) for _ in range(count)), strict=True)
    with tempfile.TemporaryDirectory(prefix="xrayscan-") as folder:
        passed = (work, arguments, count, kind, os.path.join(folder, "store"), said)
        with main_set_aside():
            started: ProcessContext = start_processes(_process, passed, count, join=False)  # type: ignore[no-untyped-call]
        try:
            return _first_answer(started, heard)
        finally:
            _end(started)


def _first_answer(started: "ProcessContext", heard: Sequence[Connection]) -> Any:
    from torch.multiprocessing.spawn import ProcessExitedException

    answers: list[Any] = []
    try:
        while not started.join(TICK, GRACE):
            answers += _received(heard)
    except ProcessExitedException as ended:
        errors = [one for one in (*answers, *_received(heard)) if isinstance(one, XrayscanError)]
        raise _reason(errors, ended, len(heard)) from None
    (answer,) = (*answers, *_received(heard))
    return answer


def _received(heard: Sequence[Connection]) -> list[Any]:
    return [one.recv() for one in heard if one.poll()]  # each says one thing


def _reason(errors: list[XrayscanError], ended: Any, count: int) -> XrayscanError:
    """Why training has ended: what a process said, or that one was killed; that the others lost it says little."""
    own = [error for error in errors if not isinstance(error, PeerLostError)]
    if own:
        return own[0]
    how = f"was ended by {ended.signal_name}" if ended.signal_name else f"ended with exit code {ended.exit_code}"
    return XrayscanError(
        f"process {ended.error_index + 1} of {count} of this training {how}, and so the others were stopped: if nobody "
        "did that, memory may have run out; --resume goes on after the last finished epoch"
    )


def _end(started: "ProcessContext") -> None:
    """End what still runs: in order, or after a while at once."""
    for process in started.processes:
        process.terminate()
    latest = time.monotonic() + GRACE
    for process in started.processes:
        process.join(max(0.0, latest - time.monotonic()))
        if process.is_alive():
            process.kill()


def _process(
    rank: int, work: Work, arguments: tuple[Any, ...], count: int, kind: str, store: str, said: Sequence[Connection]
) -> None:
    """One of the processes, from its start to its end."""
    ranks, code = Ranks(rank, count, rank, count), ENDED
    _end_when_told(ranks)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            with process_group(ranks, kind, store):
                answer = work(ranks, *arguments)
            code = 0
            if ranks.first:
                said[rank].send(answer)
        except XrayscanError as error:
            code = error.exit_code
            if isinstance(error, PeerLostError):
                time.sleep(LEFT_TO_LAUNCHER)
            said[rank].send(error)
    if code:
        os._exit(code)  # without waiting for threads that wait for other processes


def _end_when_told(ranks: Ranks) -> None:
    """Heed the launcher alone, which hears what a terminal sends to all; and end with it."""
    for name in ("SIGINT", "SIGHUP"):
        if name in signal.Signals.__members__:
            signal.signal(signal.Signals[name], signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt if ranks.first else signal.SIG_DFL)
    threading.Thread(target=_end_with_launcher, daemon=True).start()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_with_launcher() -> None:
    launcher = multiprocessing.parent_process()
    assert launcher
    launcher.join()
    os._exit(ENDED)

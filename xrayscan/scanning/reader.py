"""A reader process's life: answer row by row, whatever the codecs do, until the other end closes."""

import contextlib
import ctypes
import os
import pickle
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

from xrayscan.errors import Code
from xrayscan.scanning.row import Row

Work = Callable[[Row], Row]

CRASHED = "its decoder crashed"
TOO_MUCH_MEMORY = "needs more memory than a reader may use"
NICE = 5  # where cores are short, a batch that waits for one of its threads holds up more than one film
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # there is a reader for every core
PR_SET_PDEATHSIG = 1  # Source: prctl(2)


def serve(connection: Connection, work: Work, memory: int) -> None:
    """Answer every row with the pair of its result and whether this reader takes another one.

    ``memory``: bytes that may be allocated beyond what the process has now.
    """
    _settle(memory)
    with contextlib.suppress(EOFError, OSError):
        connection.send(True)
        goes_on = True
        while goes_on:
            answer, goes_on = answered(work, connection.recv())
            connection.send_bytes(answer)


def answered(work: Work, row: Row) -> tuple[bytes, bool]:
    """Pickle what ``work`` makes of the row; whatever it raises becomes the row's reason, whatever it is.

    A reader that ran out of memory is not to be used again: it may still hold what filled it.
    """
    try:
        return pickle.dumps((work(row), True)), True
    except MemoryError:
        return pickle.dumps((failed(row, TOO_MUCH_MEMORY, Code.MEMORY), False)), False
    except BaseException as error:
        return pickle.dumps((raised(row, error), True)), True


def failed(row: Row, reason: str, code: Code) -> Row:
    """The row of a file on which a reader failed."""
    return row | {"reason": reason, "code": code, "status": code.status}


def raised(row: Row, error: BaseException) -> Row:
    """The row of a file whose decoder raised this. It is named by its class alone: its text may quote a header."""
    return failed(row, f"{CRASHED} ({type(error).__name__})", Code.CRASHED)


def _settle(memory: int) -> None:
    """Yield to the scan, end with it, leave no core file in anybody's folder, and stay within ``memory``."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, ends())  # sent to the whole group; the scan itself decides
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            limit = _data_bytes() + memory
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def ends() -> set[signal.Signals]:
    """The signals by which a process is asked to end; Windows has no SIGHUP."""
    return {signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__}


def _data_bytes() -> int:
    """What RLIMIT_DATA counts of this process: private writable pages. Source: proc(5), /proc/pid/statm."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[5]) * os.sysconf("SC_PAGESIZE")

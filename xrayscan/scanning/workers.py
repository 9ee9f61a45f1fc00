"""Reader processes: a row function run on many rows at once, where a crash costs the one row that caused it."""

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Self

from xrayscan.errors import XrayscanError
from xrayscan.outcome import Code, Status
from xrayscan.scanning.row import Row

CRASHED = "its decoder crashed"
NICE = 5  # where cores are short, a batch that waits for one of its threads holds up more than one film
AHEAD = 8  # rows handed to a reader before its first answer: hides the latency of a round trip

Work = Callable[[Row], Row]


def default_workers() -> int:
    """One reader per core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerPool:
    """A set of processes that each run ``work`` on the rows they are given, one by one.

    Processes, because decoding holds the interpreter's lock for part of its time and codecs crash. They start from a
    clean interpreter (no fork of a process that has threads) and never import torch.
    """

    def __init__(self, work: Work, count: int) -> None:
        self._work = work
        self._readers = [Worker(work) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for reader in self._readers:
            reader.stop()

    @property
    def busy(self) -> bool:
        """Whether a row was given and has not come back."""
        return any(reader.given for reader in self._readers)

    def feed(self, rows: Iterator[Row]) -> bool:
        """Hand out rows, each to the reader with the least to do, until all are full. False when ``rows`` has ended."""
        while True:
            reader = min(self._readers, key=lambda reader: len(reader.given))
            if len(reader.given) >= AHEAD:
                return True
            row = next(rows, None)
            if row is None:
                return False
            reader.give(row)

    def collect(self, wake: Connection | None = None) -> Iterator[Row]:
        """Wait until a row is finished or ``wake`` speaks, then yield every row that is finished."""
        by_connection: dict[Any, Worker] = {reader.connection: reader for reader in self._readers if reader.given}
        for connection in wait([*by_connection, wake] if wake else list(by_connection)):
            if connection is wake:
                wake.recv_bytes()
            else:
                yield self._received(by_connection[connection])

    def _received(self, reader: "Worker") -> Row:
        try:
            return reader.receive()
        except (EOFError, OSError):
            return self._replace(reader)

    def _replace(self, dead: "Worker") -> Row:
        """Start a reader in place of one that died and hand it the rows that waited; the culprit gets a reason."""
        if not dead.ready:
            raise XrayscanError(
                "a reader process could not start: if scan() is called from a script, put the call under "
                '`if __name__ == "__main__":`, or pass workers=0 to read inside this process'
            )
        culprit, *waiting = dead.given
        dead.stop()
        self._readers[self._readers.index(dead)] = fresh = Worker(self._work)
        for row in waiting:
            fresh.give(row)
        return culprit | {"reason": CRASHED, "code": Code.CRASHED, "status": Status.FAILED}


class InlineWorker:
    """The same without processes: each row is worked on when it is asked for."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._given: deque[Row] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._given.clear()

    @property
    def busy(self) -> bool:
        """Whether a row waits for its turn."""
        return bool(self._given)

    def feed(self, rows: Iterator[Row]) -> bool:
        """Take one row. False when ``rows`` has ended."""
        row = next(rows, None)
        if row is not None:
            self._given.append(row)
        return row is not None

    def collect(self, wake: Connection | None = None) -> Iterator[Row]:
        """Work on the rows taken; with none, wait until ``wake`` speaks."""
        if wake and (not self._given or wake.poll()):
            wake.recv_bytes()
        while self._given:
            yield self._work(self._given.popleft())


def open_workers(work: Work, workers: int) -> WorkerPool | InlineWorker:
    """Return ``workers`` reader processes, or a stand-in inside this process for 0."""
    return WorkerPool(work, workers) if workers else InlineWorker(work)


class Worker:
    """One process with its pipe and the rows it has not answered, oldest first."""

    def __init__(self, work: Work) -> None:
        # A fork server imports the stages once for all readers; Windows has none.
        context: Any = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
        if os.name != "nt":
            context.set_forkserver_preload(["xrayscan.scanning.prepare"])
        self.connection, theirs = context.Pipe()
        self.given: deque[Row] = deque()
        self.ready = False
        self._process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        self._process.start()
        theirs.close()

    def give(self, row: Row) -> None:
        self.given.append(row)
        with contextlib.suppress(OSError):  # it died: `receive` finds out, and another reader is given the row
            self.connection.send(row)

    def receive(self) -> Row:
        if not self.ready:
            self.connection.recv()
            self.ready = True
        row: Row = self.connection.recv()
        self.given.popleft()
        return row

    def stop(self) -> None:
        self.connection.close()
        self._process.terminate()
        self._process.join()
        self._process.close()


def _serve(connection: Connection, work: Work) -> None:
    """A reader's life: answer row by row until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the scan itself decides
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        connection.send(True)
        while True:
            connection.send(work(connection.recv()))
    except (EOFError, OSError):
        return

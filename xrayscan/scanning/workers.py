"""Reader processes: a row function run on many rows at once, where a bad file costs the one row that holds it."""

import contextlib
import pickle
import sys
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from xrayscan.errors import Code, XrayscanError
from xrayscan.runtime.interface import cores
from xrayscan.scanning.reader import CRASHED, Work, failed, raised
from xrayscan.scanning.reader_memory import reader_share
from xrayscan.scanning.row import Row, Rows

if sys.platform == "win32":
    from xrayscan.scanning.spawned_readers import SpawnedReaders as ReaderSource
else:
    from xrayscan.scanning.fork_server import ForkServer as ReaderSource

ROWS_AHEAD = 8  # rows handed to a reader before its first answer: hides the latency of a round trip
FILE_TIMEOUT = 60.0  # s
TICK = 1.0  # s, at most, between two looks at how long readers have been at their files
TICKS_PER_TIMEOUT = 4
PAUSE = 0.05  # s between two looks at rows that are not there yet


def reader_count(asked: int | None = None) -> int:
    """As many readers as were asked for; None: one per core that this process may use."""
    return cores() if asked is None else asked


class WorkerPool:
    """A set of processes that each run ``work`` on the rows they are given, one by one.

    Processes, because decoding holds the interpreter's lock for part of its time and codecs crash, hang and fill the
    memory. They start from a clean interpreter (no fork of a process that has threads) and never import torch.
    ``file_timeout``: seconds after which a reader is taken for hanging and replaced; 0 for never. ``dicom``: whether
    DICOM is expected.
    """

    def __init__(self, work: Work, count: int, file_timeout: float = FILE_TIMEOUT, dicom: bool = True) -> None:
        self._file_timeout = file_timeout
        self._tick = min(TICK, file_timeout / TICKS_PER_TIMEOUT) if file_timeout else TICK
        self._looked = time.monotonic()
        self._paused = False  # whether the rows wait for something else than the readers
        self._source = ReaderSource(work, reader_share(count), dicom)
        try:
            self._readers = [Worker(self._source) for _ in range(count)]
        except BaseException:
            self._source.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for reader in self._readers:
            reader.connection.close()
        self._source.close()

    @property
    def busy(self) -> bool:
        """Whether a row was given and has not come back."""
        return any(reader.given for reader in self._readers)

    def feed(self, rows: Rows) -> bool:
        """Hand out rows, each to the reader with the least to do, until all are full or there is none for now.

        Returns False when ``rows`` has ended.
        """
        self._paused = False
        while True:
            reader = min(self._readers, key=lambda reader: len(reader.given))
            if len(reader.given) >= ROWS_AHEAD:
                return True
            try:
                row = next(rows)
            except StopIteration:
                return False
            if row is None:
                self._paused = True
                return True
            reader.give(row)

    def collect(self, wake: Connection | None = None) -> Iterator[Row]:
        """Wait for a moment until a row is finished or ``wake`` speaks, then yield every row that is finished."""
        by_connection = {reader.connection: reader for reader in self._readers}
        for connection in self._source.spoken(wake, PAUSE if self._paused else self._tick):
            if connection is wake:
                wake.recv_bytes()
            elif (row := self._received(by_connection[connection])) is not None:
                yield row
        yield from self._overdue()

    def _received(self, reader: "Worker") -> Row | None:
        """Return a finished row; None from a reader that has only said that it is there, or ended idle."""
        try:
            row = reader.receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            if not reader.ready:
                raise XrayscanError(
                    "a reader process could not start: try --workers 0, which reads without them"
                ) from None
            if reader.given:
                return self._replace(reader, CRASHED, Code.CRASHED)
            self._renew(reader)
            return None
        if not reader.goes_on:
            self._renew(reader)
        return row

    def _overdue(self) -> Iterator[Row]:
        """Yield the rows whose readers hang. Time in which this process was stopped itself does not count."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, self._tick), now
        for reader in [reader for reader in self._readers if reader.given and reader.ready]:
            reader.seconds += passed
            if self._file_timeout and reader.seconds > self._file_timeout and not reader.connection.poll():
                reason = f"took longer than {self._file_timeout:g} s (--file-timeout)"
                yield self._replace(reader, reason, Code.TIMED_OUT)

    def _replace(self, reader: "Worker", reason: str, code: Code) -> Row:
        """Return the row that a reader died on or hangs on, and have another one do what waited behind it."""
        culprit = reader.given.popleft()
        self._renew(reader)
        return failed(culprit, reason, code)

    def _renew(self, reader: "Worker") -> None:
        self._source.kill(reader.connection, reader.process)
        self._readers[self._readers.index(reader)] = fresh = Worker(self._source)
        for row in reader.given:
            fresh.give(row)


class InlineWorker:
    """The same without processes: each row is worked on when it is asked for.

    Exceptions cost their row here too; a crash, a hang or all memory taken cost the scan.
    """

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

    def feed(self, rows: Rows) -> bool:
        """Take one row, if there is one for now. False when ``rows`` has ended."""
        try:
            row = next(rows)
        except StopIteration:
            return False
        if row is not None:
            self._given.append(row)
        return True

    def collect(self, wake: Connection | None = None) -> Iterator[Row]:
        """Work on the rows taken; with none, wait a moment until ``wake`` speaks."""
        if wake and wake.poll(0 if self._given else TICK):
            wake.recv_bytes()
        while self._given:
            yield self._worked(self._given.popleft())

    def _worked(self, row: Row) -> Row:
        try:
            return self._work(row)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return raised(row, error)


def open_workers(
    work: Work, workers: int, file_timeout: float = FILE_TIMEOUT, dicom: bool = True
) -> WorkerPool | InlineWorker:
    """Return ``workers`` reader processes, or a stand-in inside this process for 0."""
    return WorkerPool(work, workers, file_timeout, dicom) if workers else InlineWorker(work)


class Worker:
    """One process with its pipe and the rows it has not answered, oldest first."""

    def __init__(self, source: ReaderSource) -> None:
        self.connection, self.process = source.start()
        self.given: deque[Row] = deque()
        self.ready = False
        self.goes_on = True  # whether it takes another row
        self.seconds = 0.0  # that it has been at its oldest row

    def give(self, row: Row) -> None:
        if not self.given:
            self.seconds = 0.0
        self.given.append(row)
        with contextlib.suppress(OSError):  # it died: `receive` finds out, and another reader is given the row
            self.connection.send(row)

    def receive(self) -> Row | None:
        self.seconds = 0.0
        if not self.ready:
            self.ready = bool(self.connection.recv())
            return None
        row: Row
        row, self.goes_on = self.connection.recv()
        self.given.popleft()
        return row

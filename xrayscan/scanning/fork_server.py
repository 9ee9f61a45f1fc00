"""Where reader processes come from: one clean interpreter that imports the stages once and forks a reader when asked.

Python's own fork server puts the working folder first on its path, runs the user's script again in every child, and
leaves a second process behind to track resources. This one imports only what the scan itself could have imported.
"""

import contextlib
import gc
import os
import pickle
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from xrayscan.errors import XrayscanError
from xrayscan.files.import_path import safe_environment, without_working_folder
from xrayscan.scanning.reader import ENVIRONMENT, Work, ends, serve

NUMBER = struct.Struct("!q")  # a request: 0 with the new reader's connection, or the reader to kill; each is answered
END_SECONDS = 2.0  # it only has to kill its readers
KILL_SECONDS = 1.0  # one that hangs in the kernel ends when the kernel lets go of it
START = "import sys; sys.path[:] = {path!r}; from xrayscan.scanning.fork_server import main; main{given}"


class ForkServer:
    """The scan's end of it. Close it, and every reader is gone."""

    def __init__(self, work: Work, memory: int, dicom: bool = True) -> None:
        """``dicom``: whether to import what reads it here, once, rather than in every reader that meets some."""
        self._control, theirs = socket.socketpair()
        self._speaks = selectors.DefaultSelector()  # kept, since asking anew takes longer the more readers there are
        self._wake: Connection | None = None
        with theirs, _signals_put_off():
            code = START.format(path=without_working_folder(sys.path), given=(theirs.fileno(), memory, dicom))
            self._process = subprocess.Popen(
                [sys.executable, *_flags(), "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # what a codec prints there is no data of ours
                env=safe_environment() | ENVIRONMENT,
                pass_fds=[theirs.fileno()],
            )
        with contextlib.suppress(BrokenPipeError):  # `start` says that it did not come up
            assert self._process.stdin
            with self._process.stdin as stdin:
                pickle.dump(work, stdin)

    def start(self) -> tuple[Connection, int]:
        """Start a reader. Returns its connection and its process's number. Raises: XrayscanError if it cannot."""
        ours, theirs = socket.socketpair()
        with theirs:
            number = self._ask(0, theirs.fileno())
        if number is None:
            raise XrayscanError("the reader processes could not be started: try --workers 0, which reads without them")
        connection = Connection(ours.detach())
        self._speaks.register(connection, selectors.EVENT_READ)
        return connection, number

    def spoken(self, wake: Connection | None, timeout: float) -> list[Connection]:
        """The connections of readers that have answered or ended, and ``wake`` if it speaks; wait for one if none."""
        if wake is not self._wake:
            if self._wake:
                self._speaks.unregister(self._wake)
            if wake:
                self._speaks.register(wake, selectors.EVENT_READ)
            self._wake = wake
        return [key.fileobj for key, _ in self._speaks.select(timeout) if isinstance(key.fileobj, Connection)]

    def kill(self, connection: Connection, number: int) -> None:
        """Kill a reader for good, and do not wait for one that hangs in the kernel."""
        self._speaks.unregister(connection)
        connection.close()
        self._ask(number)

    def close(self) -> None:
        """Kill every reader and end."""
        self._speaks.close()
        self._control.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the readers follow it where the system allows, see `reader`
            self._process.wait()

    def _ask(self, number: int, *fds: int) -> int | None:
        try:
            socket.send_fds(self._control, [NUMBER.pack(number)], fds)
            return int(NUMBER.unpack(self._control.recv(NUMBER.size, socket.MSG_WAITALL))[0])
        except (OSError, struct.error):
            return None


def main(fd: int, memory: int, dicom: bool) -> None:
    """The server's end: fork a reader for every connection that comes, until the other end closes."""
    gc.disable()
    work: Work = pickle.load(sys.stdin.buffer)
    if dicom:
        import xrayscan.decode.dicom.decoder  # noqa: F401  # half a second
    gc.freeze()  # what was imported stays, in memory that the readers share
    gc.enable()
    control = socket.socket(fileno=fd)
    readers: set[int] = set()
    while True:
        request, fds, _, _ = socket.recv_fds(control, NUMBER.size, 1)
        readers = _alive(readers)
        if not request:
            break
        (number,) = NUMBER.unpack(request)
        if fds:
            number = _forked(control, fds[0], work, memory)
            readers.add(number)
        elif number in readers:  # if not, its number may be another process's by now
            os.kill(number, signal.SIGKILL)
        control.sendall(NUMBER.pack(number))
    for reader in readers:
        os.kill(reader, signal.SIGKILL)
    until = time.monotonic() + KILL_SECONDS
    while (readers := _alive(readers)) and time.monotonic() < until:
        time.sleep(0.002)


def _alive(readers: set[int]) -> set[int]:
    """Those that have not ended; the others are gone for good, and their numbers free for other processes."""
    return {reader for reader in readers if os.waitpid(reader, os.WNOHANG) == (0, 0)}


def _forked(control: socket.socket, fd: int, work: Work, memory: int) -> int:
    if number := os.fork():
        os.close(fd)
        return number
    try:
        control.close()
        serve(Connection(fd), work, memory)
    finally:
        os._exit(0)


def _flags() -> list[str]:
    """The interpreter's options that decide where modules come from, and how bytes of paths become text."""
    flags = ["-P", "-X", f"utf8={sys.flags.utf8_mode}"]
    return flags + ["-s"] * bool(sys.flags.no_user_site) + ["-E"] * bool(sys.flags.ignore_environment)


@contextlib.contextmanager
def _signals_put_off() -> Iterator[None]:
    """Have a process that is started meanwhile never notice what ends the scan: it ends with it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

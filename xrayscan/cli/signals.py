"""How a command ends that is told to: SIGINT, SIGTERM and SIGHUP end it in order, a second one at once."""

import contextlib
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

import click

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
ENDED_BY = 128  # plus the signal's number: the exit code, as shells have it
TOGETHER = 0.1  # s; `timeout` and a closing terminal send one end twice, to the process and to its group
RESUME = "xrayscan.resume"  # in a context's ``meta``: what gives the words on what is there after an end and what to do
SHOW_CURSOR = b"\x1b[?25h"


class Signals:
    """Handlers for as long as a command runs. A signal raises KeyboardInterrupt, or is noted where that is `noted`."""

    def __init__(self, since: float | None = None) -> None:
        """``since``: when people began to wait for the command, as `time.monotonic` has it."""
        self.since = time.monotonic() if since is None else since
        self.number = 0  # of the first signal that came
        self._came = 0.0
        self._noted = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other one may set handlers
            for number in to_end():
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def noted(self) -> Iterator[Callable[[], bool]]:
        """Only note signals meanwhile; gives what tells whether one came."""
        self._noted = True
        try:
            yield lambda: bool(self.number)
        finally:
            self._noted = False

    @property
    def name(self) -> str:
        """The signal's name; SIGINT for an interruption by other means."""
        return signal.Signals(self.number or signal.SIGINT).name

    @property
    def exit_code(self) -> int:
        """128 and the signal's number."""
        return ENDED_BY + (self.number or signal.SIGINT)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if signal.Signals(number).name == "SIGHUP":
            _leave_terminal()
        now = time.monotonic()
        if self.number:
            if now - self._came > TOGETHER:
                end_at_once(number, frame)
            return
        self.number, self._came = number, now
        if not self._noted:
            raise KeyboardInterrupt


def began() -> float | None:
    """When people began to wait for the command that runs, as `time.monotonic` has it; None where nobody knows."""
    signals = click.get_current_context().find_object(Signals)
    return signals.since if signals else None


def to_end() -> list[signal.Signals]:
    """The signals to be heeded: under nohup, and in the background of a script, some are to be ignored."""
    there = [signal.Signals[name] for name in NAMES if name in signal.Signals.__members__]
    return [number for number in there if signal.getsignal(number) is not signal.SIG_IGN]


def end_at_once(number: int, frame: FrameType | None) -> NoReturn:
    """End without clean-up: readers end with this process, and what is half written has not its name yet."""
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
    os._exit(ENDED_BY + number)


def _leave_terminal() -> None:
    """Send what is said from now on nowhere: writing to a terminal that is gone is an error."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def leave(code: int) -> NoReturn:
    """End a stopped command now, without waiting for threads that still compute or hang."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)

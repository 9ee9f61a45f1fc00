"""A contract that every observer keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import ObserverContract

class TestMine(ObserverContract):
    observer = "mine"
"""

import contextlib
import copy
import io
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from xrayscan.observing.interface import ObservedRun, Observer
from xrayscan.observing.progress import Progress
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light

HOSTILE = 'ward "3"\\\n<b>\udcff'
QUICK = 1.0  # s that an update may take at most: the scan waits for it
STEPS = (Progress(), Progress(found=3), Progress(10, 4, 1, 2, 1, 2, True, 0.5), Progress(10, 5, 1, 2, 2, 2, True))


@contextmanager
def _run() -> Iterator[ObservedRun]:
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, HOSTILE)
        os.mkdir(out)
        yield ObservedRun(out, "local", time.time(), os.path.join(folder, "told"))


def check_registration(observer: Observer) -> None:
    """It has all that an observer has, under a name that may be typed, and a line for people."""
    assert_registrable("observers", observer)
    assert len(observer.summary.split()) > 1, "its summary says what it does"


def check_a_whole_scan(observer: Observer) -> None:
    """It is told of a scan from its beginning to its end, in a folder of any name; it prints nothing to stdout."""
    with _run() as run, contextlib.redirect_stdout(io.StringIO()) as printed:
        watcher = observer.watch(run)
        for progress in STEPS:
            told, before = copy.copy(progress), time.monotonic()
            watcher.update(told)
            assert told == progress, "it changes what it is told"
            assert time.monotonic() - before < QUICK, "the scan waits for it"
        watcher.close()
    assert not printed.getvalue(), "stdout is for data: print to stderr"


def check_no_update(observer: Observer) -> None:
    """A scan that ends before anything is told of it is closed as any other."""
    with _run() as run:
        observer.watch(run).close()


def check_two_scans(observer: Observer) -> None:
    """Two scans may be observed at the same time."""
    with _run() as one, _run() as other:
        watchers = [observer.watch(one), observer.watch(other)]
        for watcher in watchers:
            watcher.update(STEPS[1])
        for watcher in watchers:
            watcher.close()


check_light_registration = light("observers")

CLAUSES = clauses_of(__name__)


class ObserverContract(Contract):
    """Subclass this in a test module, name the observer, and pytest runs one test per clause."""

    observer: str  # as registered
    edge, clauses = "observers", CLAUSES

"""What an observer is: it is told how far a scan is, and does with that what it likes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from xrayscan.observing.progress import Progress


@dataclass(frozen=True, slots=True)
class ObservedRun:
    """One scan, as an observer meets it."""

    folder: str  # the scan's output folder, which exists
    engine: str
    started: float  # seconds since 1970
    where: str = ""  # what stands behind the name: FILE of ``--observe prometheus=FILE``


class Watcher(Protocol):
    """An observer of one run. What it raises ends its own watching, never the scan."""

    def update(self, progress: Progress) -> None:
        """Take over how far the scan is: about every two seconds, and at its end. To be quick: the scan waits."""
        ...

    def close(self) -> None:
        """Know that nothing more comes, whether the scan came to its end or not."""
        ...


@dataclass(frozen=True, slots=True)
class Observer:
    """A way to tell how far scans are. Register one from a plugin's ``register_observers`` hook."""

    name: str
    summary: str  # one line for people
    watch: Callable[[ObservedRun], Watcher]  # begins to observe a scan

"""An observer: how far a scan is, in a text file that is gone when the scan is."""

import contextlib
import os
from collections.abc import Callable

from xrayscan import ObservedRun, Observer, Progress, atomic_writer, hookimpl


class MyPlugin:
    """What ``--observe my-plugin`` or ``--observe my-plugin=FILE`` begins; the scan waits for each of its methods."""

    def __init__(self, run: ObservedRun) -> None:
        self._path = run.where or os.path.join(run.folder, "my-plugin.txt")

    def update(self, progress: Progress) -> None:
        """Take over how far the scan is: about every two seconds, and at its end."""
        with atomic_writer(self._path) as file:
            file.write(f"{progress.done} of {progress.found}{'' if progress.walked else ' or more'}\n")

    def close(self) -> None:
        """Know that nothing more comes; maybe nothing came at all."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)


@hookimpl
def register_observers(register: Callable[[Observer], None]) -> None:
    """Offer the observer."""
    register(Observer("my-plugin", "How many files are done, in a text file.", MyPlugin))

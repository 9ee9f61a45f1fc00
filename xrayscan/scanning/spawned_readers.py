"""Reader processes for systems without fork: each is an interpreter of its own."""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import cast

from xrayscan.files.import_path import safe_environment
from xrayscan.scanning.reader import ENVIRONMENT, Work, serve

END_SECONDS = 2.0


class SpawnedReaders:
    """The same as `ForkServer`, which see."""

    def __init__(self, work: Work, memory: int, dicom: bool = True) -> None:
        """``dicom`` changes nothing: a reader imports what it meets."""
        self._work, self._memory = work, memory
        self._processes: list[BaseProcess] = []
        self._connections: list[Connection] = []
        os.environ.update(safe_environment() | ENVIRONMENT)  # a child takes it before any code of ours

    def start(self) -> tuple[Connection, BaseProcess]:
        """Start a reader. Returns its connection and its process."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._work, self._memory), daemon=True)
        with main_set_aside():
            process.start()
        theirs.close()
        self._processes.append(process)
        self._connections.append(ours)
        return ours, process

    def spoken(self, wake: Connection | None, timeout: float) -> list[Connection]:
        """The connections of readers that have answered or ended, and ``wake`` if it speaks; wait for one if none."""
        return cast("list[Connection]", wait([*self._connections, wake] if wake else self._connections, timeout))

    def kill(self, connection: Connection, process: BaseProcess) -> None:
        """Kill a reader for good."""
        self._connections.remove(connection)
        connection.close()
        process.kill()

    def close(self) -> None:
        """Kill every reader."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join(END_SECONDS)


@contextlib.contextmanager
def main_set_aside() -> Iterator[None]:
    """Have a child not run the user's script again, which would start a scan of its own: it needs nothing from there.

    What a child is told of the main module is read from these two attributes (`multiprocessing.spawn`).
    """
    main = vars(sys.modules["__main__"])
    kept: dict[str, object] = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main["__spec__"] = None
    main.pop("__file__", None)
    try:
        yield
    finally:
        main.update(kept)

"""Reader processes for systems without fork: each is an interpreter of its own."""

import multiprocessing
import os
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from xrayscan.files.import_path import safe_environment
from xrayscan.scanning.reader import Work, serve

END_SECONDS = 2.0


class SpawnedReaders:
    """The same as `ForkServer`, which see."""

    def __init__(self, work: Work, memory: int) -> None:
        self._work, self._memory = work, memory
        self._processes: list[BaseProcess] = []
        os.environ.update(safe_environment())  # a child takes its path from there, before any code of ours

    def start(self) -> tuple[Connection, BaseProcess]:
        """Start a reader. Returns its connection and its process."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self._work, self._memory), daemon=True)
        process.start()
        theirs.close()
        self._processes.append(process)
        return ours, process

    def kill(self, process: BaseProcess) -> None:
        """Kill a reader for good."""
        process.kill()

    def close(self) -> None:
        """Kill every reader."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join(END_SECONDS)

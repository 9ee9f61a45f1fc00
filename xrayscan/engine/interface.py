"""What an engine is: a name, and a function that has a scan's films read and scored somewhere.

An engine draws rows, one for each file, and hands back every one of them once, finished, in any order. It knows nothing
of what is inside: an `EngineWorker`, made on whatever machine from a `Plan`, reads and scores. Only the scan itself,
which draws what the engine yields, writes records.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from xrayscan.errors import UsageError
from xrayscan.files.targets import load_target

Row = dict[str, Any]  # one file: a flat dict of plain values and read-only arrays
Rows = Iterator[Row | None]  # None stands for "none for now": whoever draws them has time for something else


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster to join; without an address, an engine starts one on this machine.

    The files are PEM: the authority that signed the cluster's certificates, and one's own certificate with its key.
    """

    address: str | None = None
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None


HERE = Cluster()


class Settled(Protocol):
    """What all workers compute by and in, once one of them has decided. It may be pickled."""

    @property
    def block(self) -> int:
        """Rows to hand over at once: they keep a worker busy for a moment, and are done again where it is lost."""
        ...


class EngineWorker(Protocol):
    """A reader pool and a batch scorer, made once in a process. Several threads may call it: one reads, one scores.

    A file that crashes or hangs its decoder costs its own row, whatever becomes of the process that read it.
    """

    def score(self, rows: Sequence[Row]) -> list[Row]:
        """Read and score these files; return each of the rows once, in any order: plain values, no arrays."""
        ...

    def close(self) -> None:
        """End the reader processes."""
        ...


class Plan(Protocol):
    """All that a worker needs, the models included: it may be pickled, and is to be sent to each machine once.

    A worker refuses to open with another version of xrayscan, of a library that reads or computes, or of a plugin than
    the scan itself has, and with a model whose bytes have not the fingerprint that they should have: UsageError,
    ModelError.
    """

    def settle(self) -> Settled:
        """Decide, on one worker, by what and how exactly all of them compute. Imports torch, if need be."""
        ...

    def open(self, settled: Settled, cores: int | None = None) -> EngineWorker:
        """Make the worker, in the process that is to read and score; ``cores``: how many it may use, default all."""
        ...


class EngineJob(Protocol):
    """One scan, as an engine sees it."""

    @property
    def cluster(self) -> Cluster:
        """Where to."""
        ...

    def plan(self) -> Plan:
        """What workers are made from."""
        ...

    def started(self, settled: Any) -> None:
        """Tell the scan by what its films are computed, before the first of them is handed back."""
        ...

    def waiting(self, told: str) -> None:
        """Tell people what the scan waits for while no film is scored, such as "a GPU"; "" once it goes on."""
        ...

    def stopping(self) -> bool:
        """Whether to begin no more, hand back what is finished and return. To be asked about once a second."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: its name for ``--engine``, and where its function is, which is imported when it is used.

    The function takes an `EngineJob` and `Rows`, and yields lists of finished rows. A row that has a ``reason`` already
    is finished. Closed early, as generators are, it ends what it started.
    """

    name: str
    summary: str  # one line for people
    target: str  # such as ``my_plugin.cluster:run``: a module, and in it the function
    extra: str = ""  # what brings the libraries that the module imports: ``pip install 'xrayscan[dask]'``

    def load(self) -> Callable[[EngineJob, Rows], Iterator[list[Row]]]:
        """Import the function. Raises: UsageError if it or what it needs is not installed."""
        try:
            run: Callable[[EngineJob, Rows], Iterator[list[Row]]] = load_target(self.target)
        except (ImportError, AttributeError) as error:
            how = f": pip install 'xrayscan[{self.extra}]'" if self.extra else ""
            raise UsageError(f"engine {self.name} is not installed ({error}){how}") from error
        return run

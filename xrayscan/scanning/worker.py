"""One worker of an engine, wherever it runs: a reader pool and a batch scorer, fed block by block."""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from xrayscan.errors import UsageError
from xrayscan.model.file import Model
from xrayscan.model.packed import PackedModel
from xrayscan.network.device import keep_memory
from xrayscan.scanning.hardware import Hardware
from xrayscan.scanning.row import Row
from xrayscan.scanning.stages import Asked, batch_stage, hardware, row_stage
from xrayscan.scanning.versions import refuse_others
from xrayscan.scanning.workers import open_workers, reader_count


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """All that a worker needs, as it travels: see `xrayscan.engine.interface.Plan`."""

    models: tuple[PackedModel, ...]
    asked: Asked
    films: int  # about how many there are
    before: tuple[str, str] | None  # runtime and precision of a scan that goes on
    versions: Mapping[str, str]

    def settle(self) -> Hardware:
        """What this machine computes on; the others take its runtime and precision over."""
        return hardware(self._loaded(), self.asked, self.films, self.before)

    def open(self, settled: Any, cores: int | None = None) -> "ScanWorker":
        """Make the worker. Raises: UsageError where this machine cannot compute as the others do."""
        models = self._loaded()
        own = hardware(models, self.asked, self.films, settled.computed)
        if own.computed != settled.computed:
            ways = (" ".join(one) for one in (settled.computed, own.computed))
            raise UsageError("a worker cannot compute in {}, as others do, but in {}: give --runtime".format(*ways))
        return ScanWorker(models, self.asked, own, cores or reader_count())

    def _loaded(self) -> list[Model]:
        refuse_others(self.versions)
        return [model.load() for model in self.models]


class ScanWorker:
    """Reads and scores blocks of rows; of two that come at once, one is read while the other is scored."""

    def __init__(self, models: Sequence[Model], asked: Asked, on: Hardware, cores: int) -> None:
        self._reading, self._scoring = threading.Lock(), threading.Lock()
        readers = cores if asked.workers is None else asked.workers
        self._readers = open_workers(row_stage(models, asked), readers, asked.file_timeout).__enter__()
        try:
            keep_memory()  # Dask has glibc give all memory back at once (MALLOC_TRIM_THRESHOLD_): twice the CPU time
            self._stage = batch_stage(models, on)
        except BaseException:
            self._readers.__exit__(None, None, None)
            raise
        self._restore = on.one_thread_each()
        self._streams = ThreadPoolExecutor(min(on.streams, cores), thread_name_prefix="score")

    def score(self, rows: Sequence[Row]) -> list[Row]:
        """Return each row once, finished."""
        with self._reading:
            read = list(self._read(iter(rows)))
        refused, ready = [row for row in read if row.get("reason")], [row for row in read if not row.get("reason")]
        with self._scoring:
            size = self._stage.batch_size
            batches = [ready[at : at + size] for at in range(0, len(ready), size)]
            return [*refused, *itertools.chain.from_iterable(self._streams.map(self._stage, batches))]

    def close(self) -> None:
        """End the readers and the threads."""
        self._streams.shutdown(wait=False, cancel_futures=True)
        self._readers.__exit__(None, None, None)
        self._restore()

    def _read(self, rows: Iterator[Row]) -> Iterator[Row]:
        more = True
        while more or self._readers.busy:
            more = more and self._readers.feed(rows)
            yield from self._readers.collect()

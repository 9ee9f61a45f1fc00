"""One scan as an engine sees it, and the engine that runs it on this machine."""

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xrayscan.engine.interface import Cluster
from xrayscan.model.file import Model
from xrayscan.model.packed import PackedModel
from xrayscan.scanning.hardware import Hardware
from xrayscan.scanning.kept import Kept
from xrayscan.scanning.local_engine import run
from xrayscan.scanning.row import Row, Rows
from xrayscan.scanning.score import BatchScorer
from xrayscan.scanning.stages import Asked, batch_stage, hardware, row_stage
from xrayscan.scanning.versions import installed_versions
from xrayscan.scanning.worker import WorkerPlan
from xrayscan.scanning.workers import reader_count

NOT_DICOM = (".jpg", ".jpeg", ".png")  # a first file of such a name is mostly followed by others

_STARTING = threading.Lock()  # a scan that was stopped may leave a thread behind that imports torch, for the next one


@dataclass(frozen=True, slots=True)
class ScanJob:
    """See `xrayscan.engine.interface.EngineJob`."""

    models: Sequence[Model]
    asked: Asked
    cluster: Cluster
    films: Callable[[], int]  # about how many there are; may take a moment
    before: tuple[str, str] | None  # runtime and precision of a scan that goes on
    started: Callable[[Hardware], None]
    stopping: Callable[[], bool]
    kept: Kept | None = None  # readers and models of the scan before, on this machine
    waiting: Callable[[str], None] = lambda told: None

    def plan(self) -> WorkerPlan:
        """What workers elsewhere are made from."""
        packed = tuple(map(PackedModel.from_model, self.models))
        return WorkerPlan(packed, self.asked, self.films(), self.before, installed_versions())


def run_here(job: Any, rows: Rows) -> Iterator[list[Row]]:
    """The local engine: a `ScanJob` and its rows on this machine."""
    first = next(rows, None)  # None: none yet, or none at all
    dicom = not (first and first["path"].lower().endswith(NOT_DICOM))
    with contextlib.ExitStack() as undo:
        kept = job.kept or undo.enter_context(Kept())

        def make() -> tuple[Hardware, BatchScorer]:
            on = hardware(job.models, job.asked, job.films(), job.before)
            return on, batch_stage(job.models, on)

        def start() -> BatchScorer:
            with _STARTING:
                on, stage = kept.stage(make)
            undo.callback(on.one_thread_each())
            job.started(on)
            return stage

        yield from run(
            itertools.chain([first], rows),
            prepare=row_stage(job.models, job.asked),
            start=start,
            workers=reader_count(job.asked.workers),
            file_timeout=job.asked.file_timeout,
            stopping=job.stopping,
            readers=functools.partial(kept.readers, dicom=dicom),
        )

"""What state the scan in a folder is in, seen from another process."""

import dataclasses
import math
import os
import time
from dataclasses import dataclass
from typing import Any, Literal, cast

from xrayscan.errors import OutputError
from xrayscan.files.own_output import STORE_NAME
from xrayscan.observing.progress import Progress
from xrayscan.observing.status_file import read_status
from xrayscan.store.sqlite import is_in_use
from xrayscan.store.store import Store

COUNTED = ("found", "scored", "set_aside", "failed", "skipped", "kept")


@dataclass(frozen=True, slots=True)
class ScanState:
    """Running: as its process told last. Interrupted or complete: as the store has it."""

    state: Literal["running", "interrupted", "complete"]
    progress: Progress
    running_seconds: float = 0.0  # when this was told
    silent_seconds: float = 0.0  # since then; a running scan tells every other second
    host: str = ""
    process: int = 0
    engine: str = ""

    @property
    def per_second(self) -> float:
        """Files read per second since the scan began; 0 where unknown."""
        read = self.progress.done - self.progress.kept
        return read / self.running_seconds if self.running_seconds > 0 else 0.0


def scan_state(folder: str) -> ScanState:
    """Look at the scan in a folder, without disturbing it. Raises: InputError if there is none; OutputError."""
    try:
        with Store.read(os.path.join(folder, STORE_NAME)) as store:
            counts, complete = store.counts(), store.complete
    except OutputError as error:
        if not is_in_use(error):
            raise
        return _running(folder)
    progress = Progress(**{name: getattr(counts, name) for name in COUNTED}, walked=complete)
    return ScanState("complete" if complete else "interrupted", progress)


def _running(folder: str) -> ScanState:
    told = read_status(folder)
    known = {field.name: cast("type[Any]", field.type) for field in dataclasses.fields(Progress)}
    try:
        updated, started = _finite(told["updated"]), _finite(told["started"])
        return ScanState(
            "running",
            Progress(**{name: known[name](_finite(told[name])) for name in known.keys() & told.keys()}),
            updated - started,
            max(0.0, time.time() - updated),
            str(told["host"]),
            int(told["process"]),
            str(told["engine"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):  # it has not told anything yet
        return ScanState("running", Progress())


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("no number that anything can be told from")
    return value

"""``status.json``: how far the scan in a folder is while it runs, since its store is locked then."""

import contextlib
import dataclasses
import json
import os
import socket
import time
from typing import Any

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.json_text import parsed
from xrayscan.files.own_output import STATUS_NAME
from xrayscan.files.regular import read_regular
from xrayscan.observing.interface import ObservedRun, Observer
from xrayscan.observing.progress import Progress


class StatusFile:
    """Writes the file again and again; it is there from the first update on, and is gone when the scan is."""

    def __init__(self, run: ObservedRun) -> None:
        self._run, self._path = run, os.path.join(run.folder, STATUS_NAME)
        self._wrote = False  # the file may be another scan's, which keeps this one out

    def update(self, progress: Progress) -> None:
        """Write it."""
        content = {
            "updated": time.time(),
            "started": self._run.started,
            "engine": self._run.engine,
            "host": socket.gethostname(),
            "process": os.getpid(),
            **dataclasses.asdict(progress),
        }
        with atomic_writer(self._path) as file:
            json.dump(content, file)
        self._wrote = True

    def close(self) -> None:
        """Remove it: from now on the store says more."""
        if self._wrote:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)


def read_status(folder: str) -> dict[str, Any]:
    """Return what the file says; empty where there is none, or it says nothing."""
    try:
        content = parsed(read_regular(os.path.join(folder, STATUS_NAME)))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


STATUS = Observer("status", "status.json in the scan's folder, which `xrayscan status` reads.", StatusFile)

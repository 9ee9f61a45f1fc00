"""Progress as Prometheus text, in a file that node_exporter's textfile collector or any agent reads.

Source: Prometheus documentation, "Exposition formats", text-based format 0.0.4.
"""

import os
import time
from collections.abc import Iterator

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import encodable
from xrayscan.observing.interface import ObservedRun, Observer
from xrayscan.observing.progress import Progress
from xrayscan.store.record import Status

FILE_NAME = "metrics.prom"


class PrometheusFile:
    """``--observe prometheus=FILE``; without a file, metrics.prom in the scan's folder.

    It replaces the file as a whole each time, so that no collector meets half of it.
    """

    def __init__(self, run: ObservedRun) -> None:
        self._run, self._path = run, run.where or os.path.join(run.folder, FILE_NAME)
        self._last = Progress()

    def update(self, progress: Progress) -> None:
        """Write the counts."""
        self._last = progress
        self._write(running=True)

    def close(self) -> None:
        """Write that the scan is over."""
        self._write(running=False)

    def _write(self, *, running: bool) -> None:
        with atomic_writer(self._path) as file:
            file.writelines(_lines(self._run, self._last, running))


def _lines(run: ObservedRun, progress: Progress, running: bool) -> Iterator[str]:
    labels = f'run="{_label(os.path.abspath(run.folder))}",engine="{_label(run.engine)}"'
    yield from _metric("xrayscan_files", "Files that have their record, by how they ended.")
    for status in Status:
        count = getattr(progress, status.name.lower())
        yield f'xrayscan_files{{{labels},status="{status}"}} {count}\n'
    for name, told, value in (
        ("files_found", "Files found so far.", progress.found),
        ("files_kept", "Files taken over unread from an earlier scan.", progress.kept),
        ("walk_complete", "1 if all files were found.", int(progress.walked)),
        ("running", "1 while the scan runs.", int(running)),
        ("unanswered_seconds", "How long the file system has not answered.", progress.unanswered),
        ("start_time_seconds", "When the scan began, since 1970.", run.started),
        ("update_time_seconds", "When this was written, since 1970.", round(time.time(), 3)),
    ):
        yield from _metric(f"xrayscan_{name}", told)
        yield f"xrayscan_{name}{{{labels}}} {value}\n"


def _metric(name: str, told: str) -> Iterator[str]:
    yield f"# HELP {name} {told}\n"
    yield f"# TYPE {name} gauge\n"


def _label(text: str) -> str:
    return encodable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


PROMETHEUS = Observer(
    "prometheus", "Counts as Prometheus text, in a file (prometheus=FILE) for a textfile collector.", PrometheusFile
)

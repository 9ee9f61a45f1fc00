"""Worklist → report files: where worklists meet the reports that are installed."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from xrayscan.errors import OutputError, XrayscanError
from xrayscan.files.own_output import STORE_NAME
from xrayscan.files.paths import Path, path_text, path_texts
from xrayscan.plugin.manager import load_registry
from xrayscan.report.interface import PageSettings, Report, WhileScanning
from xrayscan.store.finished import is_finished
from xrayscan.store.record import ScanRecord
from xrayscan.worklist.row import Reading
from xrayscan.worklist.worklist import Worklist


def write_reports(
    worklist: Worklist,
    folder: Path,
    formats: str | Iterable[str] | None = None,
    page: PageSettings | None = None,
    on_report: Callable[[str], None] = lambda path: None,
) -> list[str]:
    """Write ``triage.<suffix>`` for each format into an existing folder, and return their paths.

    Default: all that are not `OnRequest`. ``page`` is for reports that show more than the worklist; ``on_report`` hears
    of each path before it is written.
    Raises: UsageError for an unknown format, before anything is written; OutputError where one cannot be written.
    """
    registry = load_registry()
    names = registry.usual_reports if formats is None else path_texts(formats)
    paths = []
    for report in list(map(registry.report, names)):
        path = os.path.join(path_text(folder), f"triage.{report.suffix}")
        on_report(path)
        _write(report, worklist, path, page or PageSettings())
        paths.append(path)
    return paths


@contextlib.contextmanager
def follow_scan(
    formats: Iterable[str], folder: str, reading: Reading, *, fresh: bool
) -> Iterator[Callable[[Sequence[ScanRecord]], None]]:
    """Give what `scan` tells of its records, for those of these formats that are written while scanning.

    Raises: UsageError for an unknown format.
    """
    registry = load_registry()
    growing = [report for report in map(registry.report, formats) if isinstance(report, WhileScanning)]
    goes_on = not fresh and os.path.exists(os.path.join(folder, STORE_NAME)) and not is_finished(folder)
    with contextlib.ExitStack() as undo:
        told = [undo.enter_context(report.follow(folder, reading, goes_on=goes_on)) for report in growing]

        def tell(records: Sequence[ScanRecord]) -> None:
            for one in told:
                one(records)

        yield tell


def show_pictures(formats: Iterable[str]) -> bool:
    """Whether any of these formats shows pictures of films. Raises: UsageError for an unknown format."""
    registry = load_registry()
    return any(report.shows_pictures for report in list(map(registry.report, formats)))


def _write(report: Report, worklist: Worklist, path: str, page: PageSettings) -> None:
    try:
        report.write(worklist, path, page)
        if not os.path.lexists(path):
            raise FileNotFoundError(f"it wrote no {os.path.basename(path)}")
    except XrayscanError:
        raise
    except Exception as error:
        if type(report).__module__.startswith("xrayscan."):
            raise
        raise OutputError(f"report {report.name!r} was not written: {type(error).__name__}: {error}") from error

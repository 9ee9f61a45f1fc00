"""Worklist → report files: where worklists meet the reports that are installed."""

import os
from collections.abc import Callable, Iterable

from xrayscan.errors import OutputError, XrayscanError
from xrayscan.files.paths import Path, path_text, path_texts
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import Registry
from xrayscan.report.interface import OnRequest, PageSettings, Report
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
    Raises: UsageError for a format that is unknown or lacks what it needs, before anything is written; OutputError.
    """
    registry = load_registry()
    names = default_formats(registry) if formats is None else path_texts(formats)
    paths, reports = [], list(map(registry.report, names))
    for report in reports:
        if isinstance(report, OnRequest):
            report.check()
    for report in reports:
        path = os.path.join(path_text(folder), f"triage.{report.suffix}")
        on_report(path)
        _write(report, worklist, path, page or PageSettings())
        paths.append(path)
    return paths


def default_formats(registry: Registry) -> tuple[str, ...]:
    """The formats that are written where none is chosen."""
    return tuple(name for name, report in registry.reports.items() if not isinstance(report, OnRequest))


def show_pictures(formats: Iterable[str]) -> bool:
    """Whether any of these formats shows pictures of films. Raises: UsageError for an unknown format."""
    registry = load_registry()
    return any(report.shows_pictures for report in list(map(registry.report, formats)))


def _write(report: Report, worklist: Worklist, path: str, page: PageSettings) -> None:
    try:
        report.write(worklist, path, page)
    except XrayscanError:
        raise
    except Exception as error:
        if type(report).__module__.startswith("xrayscan."):
            raise
        raise OutputError(f"report {report.name!r} was not written: {type(error).__name__}: {error}") from error

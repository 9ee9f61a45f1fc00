"""Worklist → files: CSV for spreadsheets, JSON Lines for programs, HTML for people."""

import os
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from xrayscan.files.paths import Path, path_text, path_texts
from xrayscan.report.csv import write_csv
from xrayscan.report.html.worklist_page import PageSettings as PageSettings
from xrayscan.report.html.worklist_page import write_html
from xrayscan.report.jsonl import write_jsonl
from xrayscan.report.run_json import write_run as write_run
from xrayscan.worklist.worklist import Worklist

FORMATS: Mapping[str, Callable[[Worklist, str], None]] = MappingProxyType(
    {"csv": write_csv, "jsonl": write_jsonl, "html": write_html}
)


def write_reports(
    worklist: Worklist,
    folder: Path,
    formats: str | Iterable[str] = tuple(FORMATS),
    page: PageSettings | None = None,
    on_report: Callable[[str], None] = lambda path: None,
) -> list[str]:
    """Write ``triage.<format>`` for each format into an existing folder, and return their paths.

    ``page`` is for the HTML alone; ``on_report`` hears of each path before it is written. Each file is complete or not
    there.
    Raises: OutputError where one cannot be written; KeyError for no format of ours.
    """
    paths = []
    for name in path_texts(formats):
        path = os.path.join(path_text(folder), f"triage.{name}")
        on_report(path)
        if name == "html":
            write_html(worklist, path, page)
        else:
            FORMATS[name](worklist, path)
        paths.append(path)
    return paths

"""The reports that come with xrayscan. What writes them is imported when one is written."""

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from xrayscan.report.interface import PageSettings, Report
from xrayscan.store.record import ScanRecord
from xrayscan.worklist.row import Reading
from xrayscan.worklist.worklist import Worklist

Write = Callable[[Worklist, str, PageSettings], None]


@dataclass(frozen=True)
class FileReport:
    """A report that is one file, ``triage.<name>``, and what writes it."""

    name: str
    write: Write
    shows_pictures: bool = False

    @property
    def suffix(self) -> str:
        """What ``--format`` calls it, too."""
        return self.name


@dataclass(frozen=True)
class RequestedReport(FileReport):
    """One that is written only where its format is named."""

    package: str = ""  # that it needs beyond those that come with xrayscan; an extra has the report's name

    @property
    def missing(self) -> str:
        """The package, if it is not there."""
        if not self.package or importlib.util.find_spec(self.package):
            return ""
        return f"--format {self.name} needs {self.package}: pip install 'xrayscan[{self.name}]'"


@dataclass(frozen=True)
class GrowingReport(RequestedReport):
    """Parquet, which is written while scanning, too."""

    @contextlib.contextmanager
    def follow(
        self, folder: str, reading: Reading, *, goes_on: bool
    ) -> Iterator[Callable[[Sequence[ScanRecord]], None]]:
        """Write parts; the last one when the scan is over, however it ended."""
        from xrayscan.report.parquet import ScanningParts

        parts = ScanningParts(folder, reading, goes_on=goes_on)
        try:
            yield parts.add
        finally:
            parts.write()


def _csv(worklist: Worklist, path: str, page: PageSettings, *, compressed: bool = False) -> None:
    from xrayscan.report.csv import write_csv

    write_csv(worklist, path, compressed=compressed)


def _jsonl(worklist: Worklist, path: str, page: PageSettings, *, compressed: bool = False) -> None:
    from xrayscan.report.jsonl import write_jsonl

    write_jsonl(worklist, path, compressed=compressed)


def _html(worklist: Worklist, path: str, page: PageSettings) -> None:
    from xrayscan.report.html.worklist_page import write_html

    write_html(worklist, path, page)


def _parquet(worklist: Worklist, path: str, page: PageSettings) -> None:
    from xrayscan.report.parquet import write_parquet

    write_parquet(worklist, path)


def _xlsx(worklist: Worklist, path: str, page: PageSettings) -> None:
    from xrayscan.report.xlsx import write_xlsx

    write_xlsx(worklist, path)


def _pdf(worklist: Worklist, path: str, page: PageSettings) -> None:
    from xrayscan.report.contact_sheet import write_contact_sheet

    write_contact_sheet(worklist, path, page)


BUILT_IN: tuple[Report, ...] = (
    FileReport("csv", _csv),
    FileReport("jsonl", _jsonl),
    FileReport("html", _html, shows_pictures=True),
    RequestedReport("csv.gz", partial(_csv, compressed=True)),
    RequestedReport("jsonl.gz", partial(_jsonl, compressed=True)),
    GrowingReport("parquet", _parquet, package="pyarrow"),
    RequestedReport("xlsx", _xlsx, package="openpyxl"),
    RequestedReport("pdf", _pdf),  # its pictures are those of ``page.films``, made as it asks for them
)

"""The reports that come with xrayscan. What writes them is imported when one is written."""

import importlib.util

from xrayscan.errors import UsageError
from xrayscan.report.interface import PageSettings, Report
from xrayscan.worklist.worklist import Worklist


class Csv:
    """For spreadsheets."""

    name = suffix = "csv"
    shows_pictures = False

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write one line per row."""
        from xrayscan.report.csv import write_csv

        write_csv(worklist, path)


class JsonLines:
    """For programs."""

    name = suffix = "jsonl"
    shows_pictures = False

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write one object per row."""
        from xrayscan.report.jsonl import write_jsonl

        write_jsonl(worklist, path)


class Html:
    """For people."""

    name = suffix = "html"
    shows_pictures = True

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write one self-contained page."""
        from xrayscan.report.html.worklist_page import write_html

        write_html(worklist, path, page)


class CsvGz:
    """The CSV, gzipped."""

    name = suffix = "csv.gz"
    shows_pictures = False

    def check(self) -> None:
        """Nothing is missing."""

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write one line per row."""
        from xrayscan.report.csv import write_csv

        write_csv(worklist, path, compressed=True)


class JsonLinesGz:
    """The JSON Lines, gzipped."""

    name = suffix = "jsonl.gz"
    shows_pictures = False

    def check(self) -> None:
        """Nothing is missing."""

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write one object per row."""
        from xrayscan.report.jsonl import write_jsonl

        write_jsonl(worklist, path, compressed=True)


class Parquet:
    """For data frames and SQL."""

    name = suffix = "parquet"
    shows_pictures = False

    def check(self) -> None:
        """Raises: UsageError without pyarrow."""
        if importlib.util.find_spec("pyarrow") is None:
            raise UsageError("--format parquet needs pyarrow: pip install 'xrayscan[parquet]'")

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write one table."""
        from xrayscan.report.parquet import write_parquet

        write_parquet(worklist, path)


BUILT_IN: tuple[Report, ...] = (Csv(), JsonLines(), Html(), CsvGz(), JsonLinesGz(), Parquet())

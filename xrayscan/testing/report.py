"""A contract that every report keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import ReportContract

class TestParquet(ReportContract):
    report = "parquet"
"""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from xrayscan.errors import XrayscanError
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import ModelCard, OperatingPoint
from xrayscan.model.input_spec import InputSpec
from xrayscan.report.interface import PageSettings, Report, WhileScanning
from xrayscan.sources.source import Source
from xrayscan.store.record import Facts, ScanRecord, Status
from xrayscan.store.store import Store
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light, refuses
from xrayscan.worklist.worklist import Worklist, WorklistRow

HOSTILE = ("=1+1.png", "</script><b>.png", "a\nb\x1b[31m.png", 'quote".png', "bytes\udcff.png", "Ä 肺.png")


@contextmanager
def toy_worklist(records: int = len(HOSTILE)) -> Iterator[Worklist]:
    """A worklist of one model: names that mean something to some format, one set aside and one that failed."""
    point = OperatingPoint("balanced", 0.5, 0.9, 0.9, (0.8, 1.0), (0.8, 1.0))
    card = ModelCard("<toy>", "cnn", InputSpec(64), ("NORMAL", "PNEUMONIA"), 0.5, Calibration(), (point,))
    found = [ScanRecord(name, Facts(rows=9, columns=8), (0.1 + n / 10,)) for n, name in enumerate(HOSTILE)]
    found.append(ScanRecord("aside.png", Facts(), status=Status.SET_ASIDE, reason="lateral", code="lateral"))
    found.append(ScanRecord("failed.png", Facts(), status=Status.FAILED, reason="=truncated", code="truncated"))
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(os.path.join(folder, "toy.sqlite"), models=("0" * 16,)) as store,
    ):
        kept = found if records else []
        store.write((Source(one.source, f"/{n}", 1, 1), one) for n, one in enumerate(kept))
        yield Worklist(store, [card])


def written(report: Report, records: int = len(HOSTILE)) -> bytes:
    """The bytes of one report of the toy worklist."""
    with tempfile.TemporaryDirectory() as folder, toy_worklist(records) as worklist:
        path = os.path.join(folder, f"triage.{report.suffix}")
        report.write(worklist, path, PageSettings())
        assert os.listdir(folder) == [os.path.basename(path)], (
            f"it wrote {sorted(os.listdir(folder))}, not that one file or folder"
        )
        return content(path)


def content(path: str) -> bytes:
    """The bytes of a report's file, or the names and bytes of all files of its folder."""
    if os.path.isdir(path):
        names = sorted(os.listdir(path))
        return b"".join(os.fsencode(name) + content(os.path.join(path, name)) for name in names)
    with open(path, "rb") as file:
        return file.read()


def check_registration(report: Report) -> None:
    """It has all that a report has, under names that may be typed."""
    assert_registrable("reports", report)


def check_every_row(report: Report) -> None:
    """It writes a worklist whose names hold formulas, markup, control characters and bytes that are no text."""
    assert len(written(report)) > len(written(report, records=0)), "eight films add nothing to an empty report"


def check_empty_worklist(report: Report) -> None:
    """A worklist without a film is written too."""
    written(report, records=0)


def check_same_bytes(report: Report) -> None:
    """The same worklist gives the same bytes."""
    assert written(report) == written(report), "written twice, the files differ"


def check_older_file(report: Report) -> None:
    """An older file of that name is replaced."""
    with tempfile.TemporaryDirectory() as folder, toy_worklist() as worklist:
        path = os.path.join(folder, f"triage.{report.suffix}")
        with open(path, "wb") as file:
            file.write(b"older" * 100_000)
        report.write(worklist, path, PageSettings())
        assert b"olderolder" not in content(path), "what was in an older file is still there"


def check_no_folder(report: Report) -> None:
    """Where the file cannot be written, it raises an OutputError or OSError rather than go on."""
    with toy_worklist() as worklist, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "absent", f"triage.{report.suffix}")
        write = lambda: report.write(worklist, path, PageSettings())  # noqa: E731
        refuses((XrayscanError, OSError), write, "it cannot write its file, and does not say so")


def check_complete_or_not_there(report: Report) -> None:
    """A worklist that breaks off leaves no file that looks whole."""

    class Broken(Worklist):
        def scored(self) -> Iterator[WorklistRow]:
            yield from itertools.islice(super().scored(), 2)
            raise MemoryError

    with tempfile.TemporaryDirectory() as folder, toy_worklist() as worklist:
        path = os.path.join(folder, f"triage.{report.suffix}")
        worklist.__class__ = Broken
        refuses((MemoryError, XrayscanError), lambda: report.write(worklist, path, PageSettings()), "rows are not read")
        assert not os.path.exists(path), (
            "a worklist that broke off left a file: write it through xrayscan.atomic_writer"
        )


def check_while_scanning(report: Report) -> None:
    """One that follows a scan takes every record there is, and leaves nothing but files and folders called triage."""
    if not isinstance(report, WhileScanning):
        return
    with tempfile.TemporaryDirectory() as folder, toy_worklist() as worklist:
        records = [record for _, record in worklist.store.scored()]
        records += [record for status in Status for record in worklist.store.unscored(status)]
        with report.follow(folder, worklist.reading, goes_on=False) as tell:
            tell(records)
            tell([])
        assert all(name.startswith("triage.") for name in os.listdir(folder)), os.listdir(folder)


check_light_registration = light("reports")

CLAUSES = clauses_of(__name__)


class ReportContract(Contract):
    """Subclass this in a test module, name the report, and pytest runs one test per clause."""

    report: str  # as registered
    edge, clauses = "reports", CLAUSES

"""What a report is: a name, the ending of its file, and how to write it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from xrayscan.files.option import option
from xrayscan.store.record import ScanRecord
from xrayscan.worklist.row import Reading, WorklistRow
from xrayscan.worklist.worklist import Worklist

TOP = 500  # rows of a page with pictures and all technical tags
ROWS = 100_000  # of a page: some 30 MB
burned_in_option = partial(
    option,
    False,
    "Also show pictures of films whose header says that text of a person stands in them.",
    env="XRAYSCAN_BURNED_IN",
)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A film and the same film under its heatmap, both as colours, uint8 (H, W, 3); or why there is none."""

    film: npt.NDArray[np.uint8] | None = None
    heated: npt.NDArray[np.uint8] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What a report may say and show beyond the worklist itself.

    ``pictures``: HTML of the pictures of the rows given, one piece after the other; None makes a page without.
    ``films``: small pictures of these rows as JPEG, for reports that are no HTML; empty where there is none.
    ``overlays``: one for each of the rows given, of which the first ``heatmaps`` of the worklist should be; or None.
    """

    when: str = ""  # of the scan, for people
    folders: tuple[str, ...] = ()  # as the user gave them
    top: int = TOP  # rows with pictures and all technical tags
    rows: int = ROWS  # in the page: some 30 MB
    reload: int = 0  # s after which a page looks for a newer one of its own; 0 for never
    pictures: Callable[[Sequence[WorklistRow]], Iterable[Markup]] | None = None
    films: Callable[[Sequence[WorklistRow]], Iterable[bytes]] | None = None
    heatmaps: int = 0  # rows with a heatmap
    overlays: Callable[[Sequence[WorklistRow]], Iterable[Overlay]] | None = None


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """What of the films themselves goes into the page: rows with pictures, and rows with heatmaps among them."""

    top: int = option(
        TOP,
        "How many top films get a picture and full details.",
        "--html-top",
        range=(0, None),
        env="XRAYSCAN_HTML_TOP",
    )
    rows: int = option(
        ROWS,
        "How many rows the page lists; the other formats list all.",
        "--html-rows",
        range=(1, None),
        env="XRAYSCAN_HTML_ROWS",
    )
    images: bool = option(True, "Include pictures in the page.", env="XRAYSCAN_IMAGES")
    heatmaps: int = option(
        50, "How many top films get a heatmap.", range=(0, None), words={"none": 0}, env="XRAYSCAN_HEATMAPS"
    )
    heatmap_files: bool = option(
        False,
        "Also write the heatmaps as PNG files, into the folder heatmaps.",
        "--heatmap-files/--no-heatmap-files",
        env="XRAYSCAN_HEATMAP_FILES",
    )
    burned_in: bool = burned_in_option()

    def __post_init__(self) -> None:
        if min(self.top, self.heatmaps) < 0:
            raise ValueError(f"pictures of {self.top} films and {self.heatmaps} heatmaps: neither can be below 0")


class Report(Protocol):
    """One way to write a worklist. Register it from a plugin's ``register_reports`` hook."""

    @property
    def name(self) -> str:
        """What ``--format`` calls it."""
        ...

    @property
    def suffix(self) -> str:
        """The ending of its file: ``triage.<suffix>``."""
        ...

    @property
    def shows_pictures(self) -> bool:
        """Whether it asks for ``page.pictures``; where no report does, films are not read again."""
        ...

    def write(self, worklist: Worklist, path: str, page: PageSettings) -> None:
        """Write the whole worklist to ``path``, from ``worklist.rows()``, one at a time: there may be millions.

        Sources, tags and the names of models are strangers' text: escape what the format would read as more than text.
        `xrayscan.atomic_writer` leaves a file that is complete or not there.
        Raises: OutputError if it cannot be written.
        """
        ...


@runtime_checkable
class OnRequest(Protocol):
    """What a `Report` also is that is written only where its format is named, not where none is."""

    @property
    def missing(self) -> str:
        """What has to be installed before it can be written, as a whole message; empty where nothing is missing."""
        ...


@runtime_checkable
class WhileScanning(Protocol):
    """What a `Report` also is that writes records as they come: for whoever reads on before a scan's end, or after one
    that broke off.
    """

    def follow(
        self, folder: str, reading: Reading, *, goes_on: bool
    ) -> AbstractContextManager[Callable[[Sequence[ScanRecord]], None]]:
        """Give a function that takes records once they are in the store, from the scan's own thread: to be quick.

        ``folder`` is the scan's; ``reading`` makes rows of records. ``goes_on``: the scan goes on with one that broke
        off, so what was written of that stays. What it raises ends the scan: OutputError.
        """
        ...


@runtime_checkable
class FolderReport(OnRequest, Protocol):
    """What a `Report` also is that writes a folder, ``triage.<suffix>/``, such as one file per film.

    ``write`` is given the folder's path: `xrayscan.atomic_folder` leaves one that is complete or not there, and keeps
    files that need not be made again.
    """

    @property
    def sent_suffix(self) -> str:
        """The ending, with its dot, of the files that ``--send`` sends."""
        ...

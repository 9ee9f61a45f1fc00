"""Worklist → a PDF of its first films, small and side by side in reading order, for a quick look or for paper."""

import io
import itertools
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from xrayscan.files.atomic import atomic_file
from xrayscan.files.text import counted, ending, visible
from xrayscan.report.interface import PageSettings
from xrayscan.worklist.worklist import NOTICE, Worklist, WorklistRow

COLUMNS, ROWS = 5, 6  # of a page
A4 = (8.27, 11.69)  # inches
NAME = 26  # characters of a film's name
COLOURS = {"high": "#b3261e", "intermediate": "#8a5a00", "low": "#1b6e3c", "unlike": "#5b3fa0"}


def write_contact_sheet(worklist: Worklist, path: str, page: PageSettings) -> None:
    """Write the first ``page.top`` films, `COLUMNS` x `ROWS` to a page. Raises: OutputError if it cannot be written."""
    from matplotlib.backends.backend_pdf import PdfPages

    rows = worklist.top(page.top)
    pages = max(1, math.ceil(len(rows) / (COLUMNS * ROWS)))
    films = page.films(rows) if page.films else itertools.repeat(b"")
    dateless = {"CreationDate": None, "Creator": "xrayscan", "Title": "Contact sheet"}
    with atomic_file(path) as file, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a script that the font lacks: a box in a name ends no report
        with PdfPages(file, metadata=dateless) as pdf:
            for number, some in enumerate(_pages(rows, films, pages), 1):
                head = f"{_counts(worklist, len(rows))}; page {number} of {pages}. {NOTICE}"
                pdf.savefig(_figure(some, head, worklist.warnings))


def _counts(worklist: Worklist, shown: int) -> str:
    """How many films the sheet stands for, and how many have no place in its order."""
    counts = worklist.counts
    apart = {"set aside": counts.set_aside, "failed": counts.failed}
    without = "".join(f", {number:,} {status}" for status, number in apart.items() if number)
    return f"{counted(counts.scored, 'film')} scored{without}; the first {shown} shown"


def _pages(
    rows: Sequence[WorklistRow], films: Iterable[bytes], pages: int
) -> Iterator[list[tuple[WorklistRow, bytes]]]:
    both = zip(rows, films, strict=False)
    for _ in range(pages):
        yield list(itertools.islice(both, COLUMNS * ROWS))


def _figure(some: Sequence[tuple[WorklistRow, bytes]], head: str, doubts: Sequence[str]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=A4)
    figure.text(0.05, 0.98, head, fontsize=8, parse_math=False)
    for number, doubt in enumerate(doubts):
        warning = f"Warning: {visible(doubt)}"
        figure.text(0.05, 0.967 - 0.012 * number, warning, fontsize=6, color=COLOURS["high"], parse_math=False)
    for place, (row, film) in enumerate(some):
        axes = figure.add_subplot(ROWS, COLUMNS, place + 1)
        axes.set_axis_off()
        _draw(axes, film)
        told = f"{row.rank}  {row.probability:.2%}  {row.tier}"
        axes.set_title(told, fontsize=7, color=COLOURS.get(row.tier, "black"), parse_math=False, pad=2)
        name = ending(visible(os.path.basename(row.source)), NAME)
        axes.text(0.5, -0.04, name, fontsize=5, ha="center", va="top", transform=axes.transAxes, parse_math=False)
    figure.subplots_adjust(0.04, 0.04, 0.96, 0.94 - 0.012 * max(0, len(doubts) - 2), wspace=0.08, hspace=0.3)
    return figure


def _draw(axes: Any, film: bytes) -> None:
    if not film:
        axes.text(0.5, 0.5, "no picture", fontsize=6, ha="center", transform=axes.transAxes)
        return
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(film)) as picture:
        axes.imshow(np.asarray(picture.convert("L")), cmap="gray", vmin=0, vmax=255)

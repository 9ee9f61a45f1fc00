"""Worklist → one self-contained HTML page, streamed, so that memory does not grow with the pictures."""

import base64
import hashlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import jinja2
from markupsafe import Markup, escape

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import ending, visible
from xrayscan.report.html.worklist_data import agreements, embedded, others, reason_groups, row_lines
from xrayscan.report.interface import PageSettings
from xrayscan.store.record import Status
from xrayscan.worklist.worklist import Worklist

FOLDER = os.path.dirname(__file__)
SCRIPTS = ("worklist_data.js", "worklist_table.js", "worklist_view.js", "worklist_keys.js")  # joined in this order
PAGE_ROWS = 100  # rows shown at once; as many are in the table before, and without, the script
PIECES_AT_ONCE = 500  # template pieces joined per write
SEPARATOR = re.compile(r"([/\\_])")  # none of them stands in what escaping makes
SOURCES_SHOWN = 100  # files listed per reason; the table has them all


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """What of the films themselves goes into the page: rows with pictures, and rows with heatmaps among them."""

    top: int = 500
    images: bool = True
    heatmaps: int = 50
    heatmap_files: bool = False  # also as PNG files in the folder ``heatmaps``
    burned_in: bool = False  # also of films whose header says that a person's data stand in the picture

    def __post_init__(self) -> None:
        if min(self.top, self.heatmaps) < 0:
            raise ValueError(f"pictures of {self.top} films and {self.heatmaps} heatmaps: neither can be below 0")


def write_html(worklist: Worklist, path: str, settings: PageSettings | None = None) -> None:
    """Write the page. Raises: OutputError if it cannot be written."""
    stream = environment().get_template("worklist.html").stream(**_context(worklist, settings or PageSettings()))
    stream.enable_buffering(PIECES_AT_ONCE)
    with atomic_writer(path) as file:
        file.writelines(stream)


def _context(worklist: Worklist, settings: PageSettings) -> dict[str, object]:
    from xrayscan.report.html import worklist_figures  # matplotlib, which a CSV does not need

    card, script = worklist.card, Markup("".join(map(_asset, SCRIPTS)))
    scores = worklist_figures.scores_of(worklist) if worklist.counts.scored else None
    return {
        "worklist": worklist,
        "thresholds": worklist.thresholds,
        "card": card,
        "cards": dict(zip(worklist.names, worklist.cards, strict=True)),
        "agreement": zip(agreements(worklist), worklist_figures.comparisons(worklist, scores), strict=True)
        if scores
        else (),
        "tiers": tuple(worklist.tier_counts),
        "settings": settings,
        "bands": {
            status: reason_groups(worklist, status, SOURCES_SHOWN) for status in (Status.SET_ASIDE, Status.FAILED)
        },
        "first": itertools.islice(worklist.scored(), PAGE_ROWS),
        "page_rows": PAGE_ROWS,
        "distribution": scores and worklist_figures.distribution(worklist, scores),
        "calibration": worklist_figures.calibration(card),
        "notes": [visible(each.trial_note) for each in worklist.cards if each.is_trial],
        "data": map(Markup, row_lines(worklist, settings.top)),
        "meta": Markup(embedded(_meta(worklist, settings))),
        "pictures": _pictures(worklist, settings),
        "style": Markup(_asset("worklist.css")),
        "script": script,
        "script_hash": _hash(script),
    }


def _meta(worklist: Worklist, settings: PageSettings) -> dict[str, object]:
    """What the script has to know beside the rows."""
    return {
        "labels": [visible(label) for label in worklist.card.labels],
        "models": [visible(name) for name in worklist.names],
        "byMean": worklist.by_mean,
        "thresholds": [worklist.thresholds.low, worklist.thresholds.predicted, worklist.thresholds.high],
        "pageRows": PAGE_ROWS,
        "top": settings.top,
        "pictures": settings.pictures is not None,
    }


def _pictures(worklist: Worklist, settings: PageSettings) -> Iterator[Markup]:
    if settings.pictures is not None and settings.top:
        yield from settings.pictures(worklist.top(settings.top))


def _asset(name: str) -> str:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def _hash(script: str) -> str:
    """The script's hash as a Content-Security-Policy names it: no other script may run in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def environment() -> jinja2.Environment:
    """Templates of this folder: everything escaped, a missing value is an error; filters for names and shares."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "percent": _percent, "interval": _interval, "count": _count}
    environment.filters |= {"others": others, "breakable": _breakable, "ending": ending}
    return environment


def _breakable(path: str) -> Markup:
    """A path that breaks behind its separators rather than within a name."""
    return Markup(SEPARATOR.sub(r"\1<wbr>", str(escape(path))))


def _count(number: int) -> str:
    return f"{number:,}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(shares: tuple[float, float]) -> str:
    low, high = shares
    return f"{100 * low:.1f}–{100 * high:.1f} %"

"""Worklist → one self-contained HTML page, streamed, so that memory does not grow with the worklist."""

import itertools
import os
from operator import attrgetter

import jinja2

from xrayscan.rank import Worklist
from xrayscan.report.atomic import atomic_writer
from xrayscan.report.text import visible

ROWS_AT_ONCE = 500  # template pieces joined per write


def write_html(worklist: Worklist, path: str) -> None:
    """Write the page. Raises: OutputError if it cannot be written."""
    template = environment().get_template("worklist.html")
    groups = itertools.groupby(worklist.rejected(by_reason=True), attrgetter("reason"))
    stream = template.stream(worklist=worklist, thresholds=worklist.thresholds, card=worklist.card, groups=groups)
    stream.enable_buffering(ROWS_AT_ONCE)
    with atomic_writer(path) as file:
        file.writelines(stream)


def environment() -> jinja2.Environment:
    """Templates of this folder: everything escaped, a missing value is an error; filters for names and shares."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(os.path.dirname(__file__)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "percent": _percent, "interval": _interval, "count": _count}
    return environment


def _count(number: int) -> str:
    return f"{number:,}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(shares: tuple[float, float]) -> str:
    low, high = shares
    return f"{100 * low:.1f}–{100 * high:.1f} %"

"""Worklist → one self-contained HTML page, streamed, so that memory does not grow with the pictures."""

import base64
import hashlib
import itertools
import math
import os
import pathlib
import re
from collections.abc import Iterator
from urllib.parse import quote

import jinja2
from markupsafe import Markup, escape

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import counted, ending, visible
from xrayscan.report.html import worklist_figures
from xrayscan.report.html.worklist_data import (
    MARK,
    SMALLEST,
    agreements,
    embedded,
    others,
    percent,
    place,
    reason_groups,
    row_lines,
)
from xrayscan.report.interface import PageSettings
from xrayscan.store.record import Status
from xrayscan.worklist.worklist import PARTIAL, Worklist

FOLDER = os.path.dirname(__file__)
SCRIPTS = ("data", "answers", "table", "picture", "film", "bar", "keys")  # of worklist_….js, joined in this order
PAGE_ROWS = 100  # rows shown at once; as many are in the table before, and without, the script
PIECES_AT_ONCE = 500  # template pieces joined per write
LEAST_REACH, REACH = 4.6, 13.8  # log odds at the ends of the bars: 99 %, and 99.9999 %
IDS = re.compile(r'(\bid="|url\(#|href="#)')  # of an SVG: where its elements are named and meant
SEPARATOR = re.compile(r"([/\\_])")  # none of them stands in what escaping makes
SOURCES_SHOWN = 100  # files listed per reason; the table has them all


def write_html(worklist: Worklist, path: str, settings: PageSettings | None = None) -> None:
    """Write the page. Raises: OutputError if it cannot be written."""
    stream = environment().get_template("worklist.html").stream(**_context(worklist, settings or PageSettings(), path))
    stream.enable_buffering(PIECES_AT_ONCE)
    with atomic_writer(path) as file:
        file.writelines(stream)


def _context(worklist: Worklist, settings: PageSettings, path: str) -> dict[str, object]:
    card, script = worklist.card, Markup("".join(_asset(f"worklist_{name}.js") for name in SCRIPTS))
    scores = worklist_figures.scores_of(worklist) if worklist.counts.scored else None
    reach = _reach(scores.furthest) if scores else LEAST_REACH
    return {
        "folder": _folder(settings.folders),
        "reach": reach,
        "groups": _groups(worklist),
        "worklist": worklist,
        "thresholds": worklist.thresholds,
        "card": card,
        "cards": dict(zip(worklist.names, worklist.cards, strict=True)),
        "agreement": zip(agreements(worklist), _comparisons(worklist, scores), strict=True) if scores else (),
        "tiers": tuple(worklist.tier_counts),
        "settings": settings,
        "bands": {
            status: reason_groups(worklist, status, SOURCES_SHOWN) for status in (Status.SET_ASIDE, Status.FAILED)
        },
        "first": itertools.islice(worklist.scored(), PAGE_ROWS),
        "page_rows": PAGE_ROWS,
        "distribution": scores and worklist_figures.distribution(worklist, scores),
        "calibration": worklist_figures.calibration(card),
        "partial": "" if worklist.complete else PARTIAL,
        "notes": [visible(each.trial_note) for each in worklist.cards if each.is_trial],
        "data": map(Markup, row_lines(worklist, settings.top, settings.rows)),
        "meta": Markup(embedded(_meta(worklist, settings, path, reach))),
        "pictures": _pictures(worklist, settings),
        "further": max(0, worklist.counts.found - worklist.counts.skipped - settings.rows),
        "style": Markup(_asset("worklist.css")),
        "script": script,
        "script_hash": _hash(script),
    }


def _groups(worklist: Worklist) -> dict[str, int]:
    """How many files each group of the list holds, in its order; tiers always, other groups where they hold any."""
    tiers, counts = worklist.tier_counts, worklist.counts
    apart = {"unlike": worklist.unlike} if worklist.apart else {}
    unscored = {"set aside": counts.set_aside, "failed": counts.failed}
    return {
        "high": tiers["high"],
        **apart,
        "intermediate": tiers["intermediate"],
        "low": tiers["low"],
        **{name: count for name, count in unscored.items() if count},
    }


def _comparisons(worklist: Worklist, scores: worklist_figures.Scores) -> list[Markup]:
    if len(worklist.cards) < 2:
        return []
    from xrayscan.report.html.model_comparison import comparisons  # matplotlib, which takes as long as a small page

    return comparisons(worklist, scores)


def _folder(folders: tuple[str, ...]) -> str:
    """What the scan was of, in a word or two for the tab."""
    names = [os.path.basename(os.path.abspath(folder)) or folder for folder in folders]
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else "".join(names)


def _reach(furthest: float) -> float:
    """Log odds at the ends of the page's bars: as far as the scan's scores go, within limits."""
    return min(REACH, max(LEAST_REACH, -math.log(max(furthest, SMALLEST))))


def _meta(worklist: Worklist, settings: PageSettings, path: str, reach: float) -> dict[str, object]:
    """What the script has to know beside the rows.

    ``run`` keeps the reader's answers apart from those to other scans: the same folders by the same models are one.
    ``base`` leads from the page to where the paths of the rows start.
    """
    run = hashlib.sha256("\0".join((*worklist.fingerprints, *settings.folders)).encode("utf-8", "surrogateescape"))
    return {
        "labels": [visible(label) for label in worklist.card.labels],
        "models": [visible(name) for name in worklist.names],
        "byMean": worklist.by_mean,
        "thresholds": [worklist.thresholds.low, worklist.thresholds.predicted, worklist.thresholds.high],
        "pageRows": PAGE_ROWS,
        "reach": reach,
        "run": run.hexdigest()[:MARK],
        "base": _base(path),
        "separator": os.sep,
        "top": settings.top,
        "pictures": settings.pictures is not None,
        "reload": settings.reload,
    }


def _base(path: str) -> str:
    """The URL of the working folder as the page sees it."""
    try:
        return (
            quote(os.fsencode(os.path.relpath(os.curdir, os.path.dirname(path) or os.curdir)).replace(b"\\", b"/"))
            + "/"
        )
    except ValueError:  # on another drive
        return pathlib.Path.cwd().as_uri() + "/"


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
        finalize=_DistinctIds(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "percent": _percent, "interval": _interval, "count": _count}
    environment.filters["counted"] = counted
    environment.filters |= {"others": others, "breakable": _breakable, "ending": ending}
    environment.filters |= {"percentage": percent, "place": place, "shown": _shown, "split_path": _split_path}
    return environment


class _DistinctIds:
    """Number the ids of each figure that a page shows: a page with two figures would have some of them twice."""

    def __init__(self) -> None:
        self._count = itertools.count()

    def __call__(self, value: object) -> object:
        if not isinstance(value, Markup) or not value.startswith("<svg"):
            return value
        return Markup(IDS.sub(rf"\g<1>f{next(self._count)}-", str(value)))


def _shown(probability: float) -> str:
    """A probability as percent, such as "71.40 %"."""
    return f"{''.join(percent(probability))} %"


def _split_path(path: str) -> tuple[str, str]:
    """Folder and name of a path as it is shown."""
    at = max(path.rfind("/"), path.rfind(os.sep)) + 1
    return path[:at], path[at:]


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

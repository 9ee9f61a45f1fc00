"""Evidence → the pictures of the page, each in an element of its own that the script decodes when it is looked at."""

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from xrayscan.report.text import visible
from xrayscan.report.worklist_data import embedded

if TYPE_CHECKING:
    from xrayscan.report.evidence import Evidence

DATA = Markup('<script type="text/plain" id="{}-{}">{}</script>\n')


def picture_elements(evidence: Iterable["Evidence"]) -> Iterator[Markup]:
    """Yield the elements of each row's evidence, which comes in the worklist's order: thumbnail, film, heatmap.

    Base64 and ASCII JSON only: nothing in them can end an element.
    """
    for number, one in enumerate(evidence):
        if one.problem:
            yield DATA.format("problem", number, Markup(embedded(visible(one.problem))))
        if one.film:
            yield DATA.format("thumb", number, _base64(one.thumbnail))
            yield DATA.format("film", number, _base64(one.film))
        if one.heatmap is not None:
            yield DATA.format("heat", number, Markup(embedded(_map(one.heatmap))))


def _map(heatmap: npt.NDArray[np.float32]) -> dict[str, object]:
    """A map (h, w) in [0, 1] as its shape and its bytes, row by row."""
    rows, columns = heatmap.shape
    cells = np.rint(np.clip(heatmap, 0, 1) * 255).astype(np.uint8)
    return {"rows": rows, "columns": columns, "cells": base64.b64encode(cells.tobytes()).decode()}


def _base64(data: bytes) -> Markup:
    return Markup(base64.b64encode(data).decode())

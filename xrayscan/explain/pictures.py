"""Evidence → the pictures of the page, each in an element of its own that the script decodes when it is looked at."""

import base64
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from PIL import Image

from xrayscan.errors import ModelError
from xrayscan.explain.evidence import Evidence, gather, overlay, write_heatmap
from xrayscan.files.atomic import writing
from xrayscan.files.run_folder import make_subfolder
from xrayscan.files.text import encodable, visible
from xrayscan.model.backend import Placement
from xrayscan.model.file import Model, load_model
from xrayscan.network.choice import choose
from xrayscan.plugin.reports import show_pictures
from xrayscan.report.html.worklist_data import embedded
from xrayscan.report.interface import Overlay, PageSettings, PictureSettings
from xrayscan.worklist.worklist import Worklist, WorklistRow

DATA = Markup('<script type="text/plain" id="{}-{}">{}</script>\n')
FILM_SIDE = 896  # pixels of a film's longer side: 500 of them are some 20 MB of page
SHEET_SIDE = 256  # the same on a contact sheet, where it takes 4 cm
HEATMAPS = "heatmaps"  # folder of the PNG files, beside the reports
OURS = re.compile(r"\d{5,}-[A-Za-z0-9_-]*\.png")
NAME_LENGTH = 60  # characters of a film's name in that of its PNG file


class Pictures:
    """Makes the pictures of a worklist's first rows. ``model`` explains its scores; None makes no heatmaps."""

    def __init__(
        self,
        model: Model | None,
        placement: Placement,
        settings: PictureSettings,
        folder: str,
        on_film: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._model, self._placement, self._settings, self._on_film = model, placement, settings, on_film
        self._folder = os.path.join(folder, HEATMAPS)

    def elements(self, rows: Sequence[WorklistRow]) -> Iterator[Markup]:
        """Yield the elements of the rows, and write the PNG files if they are wanted.

        Raises: OutputError where a PNG file cannot be written.
        """
        yield from picture_elements(self._evidence(rows))

    def overlays(self, rows: Sequence[WorklistRow]) -> Iterator[Overlay]:
        """Yield the pictures of the rows, each of which gets a heatmap."""
        return map(_overlay, self._evidence(rows))

    def files(self, rows: Sequence[WorklistRow]) -> None:
        """Write the PNG files alone, for a page without pictures. Raises: OutputError as `elements`."""
        for _ in self._evidence(rows[: self._settings.heatmaps]):
            pass

    def _evidence(self, rows: Sequence[WorklistRow]) -> Iterator[Evidence]:
        heatmaps = self._settings.heatmaps if self._model else 0
        if self._settings.heatmap_files:
            self._make_folder()
        found = gather(
            rows,
            self._model,
            self._placement,
            top=len(rows),
            heatmaps=heatmaps,
            side=FILM_SIDE,
            burned_in=self._settings.burned_in,
        )
        for number, one in enumerate(found, 1):
            if self._settings.heatmap_files and one.heatmap is not None:
                write_heatmap(one, os.path.join(self._folder, _file_name(number, one.source)))
            self._on_film(number, len(rows))
            yield one

    def _make_folder(self) -> None:
        """Make the folder, or empty it of an earlier report's files."""
        make_subfolder(self._folder)
        with writing(self._folder):
            for name in filter(OURS.fullmatch, os.listdir(self._folder)):  # of another order
                os.unlink(os.path.join(self._folder, name))


def page_settings(
    worklist: Worklist,
    folder: str,
    pictures: PictureSettings,
    *,
    formats: Iterable[str],
    model: Model | str = "",
    device: str = "auto",
    on_film: Callable[[int, int], None] = lambda done, total: None,
    **header: Any,
) -> PageSettings:
    """Return what `write_reports` takes; ``header`` goes into it. A model given by name is loaded for heatmaps alone.

    PNG files for a page without pictures are written here. Raises: ModelError if the model cannot be loaded or is not
    the one that scored, OutputError where a PNG file cannot be written.
    """
    films = partial(_films, pictures) if pictures.images else None
    plain = PageSettings(**header, top=pictures.top, rows=pictures.rows, films=films)
    pictures = replace(
        pictures, images=pictures.images and show_pictures(formats), heatmaps=min(pictures.heatmaps, pictures.top)
    )
    heatmaps = pictures.heatmaps and (pictures.images or pictures.heatmap_files)
    if not worklist.counts.scored or not (pictures.images or heatmaps):
        return plain
    explains = _explaining(worklist, model) if heatmaps else None
    where = choose([explains], device=device, precision="fp32") if explains else Placement("cpu")
    maker = Pictures(explains, where, pictures, folder, on_film)
    if not pictures.images:
        maker.files(worklist.top(pictures.heatmaps))
        return plain
    return replace(plain, pictures=maker.elements, heatmaps=pictures.heatmaps, overlays=maker.overlays)


def _films(pictures: PictureSettings, rows: Sequence[WorklistRow]) -> Iterator[bytes]:
    """Each row's film, small; empty where it is not to be shown or cannot be."""
    plain = Placement("cpu")
    found = gather(rows, None, plain, top=len(rows), heatmaps=0, side=SHEET_SIDE, burned_in=pictures.burned_in)
    return (one.film for one in found)


def _explaining(worklist: Worklist, given: Model | str) -> Model:
    model, name = (given, given.path) if isinstance(given, Model) else (load_model(given), given)
    if model.fingerprint != worklist.fingerprint:
        raise ModelError(f"{encodable(name)} is not the model that scored: give that one, or --heatmaps none")
    return model


def picture_elements(evidence: Iterable[Evidence]) -> Iterator[Markup]:
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
        if one.neighbours:
            near = [[visible(case.label), round(case.distance, 4)] for case in one.neighbours]
            yield DATA.format("near", number, Markup(embedded(near)))


def _overlay(one: Evidence) -> Overlay:
    if one.problem or one.heatmap is None:
        return Overlay(problem=one.problem or "the model gives no heatmap")
    with Image.open(io.BytesIO(one.film)) as film:
        return Overlay(np.asarray(film.convert("RGB")), np.asarray(overlay(one.film, one.heatmap)))


def _map(heatmap: npt.NDArray[np.float32]) -> dict[str, object]:
    """A map (h, w) in [0, 1] as its shape and its bytes, row by row."""
    rows, columns = heatmap.shape
    cells = np.rint(np.clip(heatmap, 0, 1) * 255).astype(np.uint8)
    return {"rows": rows, "columns": columns, "cells": base64.b64encode(cells.tobytes()).decode()}


def _base64(data: bytes) -> Markup:
    return Markup(base64.b64encode(data).decode())


def _file_name(number: int, source: str) -> str:
    """Such as ``00001-film_01.png``: the place in the worklist, and what is harmless of the film's own name."""
    name = re.sub(r"[^A-Za-z0-9-]+", "_", os.path.basename(source))[-NAME_LENGTH:]
    return f"{number:05}-{name}.png"

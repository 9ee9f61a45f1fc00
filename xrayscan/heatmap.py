"""Where on a film a model's score came from: a map for networks, the nearest training cases for models that compare.

A map says which part of the film moved the score; it does not say what is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan.backend import Pixels, Placement
from xrayscan.card import InputSpec
from xrayscan.modelfile import Model

Maps = npt.NDArray[np.float32]
Grey = TypeVar("Grey", Pixels, Maps)

CELLS = 16  # along each side, at least: shifts are added until a map has as many
AT_ONCE = 64  # shifted films in one batch
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One training case that a model compared a film with."""

    label: str  # what a human said of it
    distance: float  # in the model's own unit: comparable within one model only


class Explainer:
    """A model on its device, asked why."""

    def __init__(self, model: Model, placement: Placement) -> None:
        self.spec = model.card.input
        self._labels = model.card.labels
        self._predictor: Any = model.predictor(placement)

    def heatmaps(self, pixels: Pixels) -> Maps | None:
        """Pixels (N, S, S) uint8 → maps (N, h, w) float32 in [0, 1], h and w at least CELLS; None if it gives none.

        The square of each map is the square of the pixels. The hottest cell of a map is 1, whatever the score; a film
        on which nothing spoke for the finding has a map of zeros.
        """
        if getattr(self._predictor, "heatmap_layer", None) is None:
            return None
        return _scaled(_shifted_maps(self._predictor, pixels))

    def neighbours(self, pixels: Pixels) -> list[tuple[Neighbour, ...]] | None:
        """Pixels (N, S, S) uint8 → the nearest training cases of each film, nearest first; None if it compares none."""
        if not hasattr(self._predictor, "nearest"):
            return None
        found: Sequence[Sequence[tuple[int, float]]] = self._predictor.nearest(pixels, NEIGHBOURS)
        return [tuple(Neighbour(self._labels[label], distance) for label, distance in film) for film in found]


def heatmaps(model: Model, pixels: Pixels, placement: Placement) -> Maps | None:
    """As `Explainer.heatmaps`, for once. Raises: ModelError if the model cannot be loaded."""
    return Explainer(model, placement).heatmaps(pixels)


def over_film(heatmap: Maps, spec: InputSpec, rows: int, columns: int) -> Maps:
    """A map (h, w) of the model's square → a map (h, w) spread over the whole film of ``rows`` x ``columns``.

    ``letterbox`` loses its black margins; ``crop`` knows nothing of what it cut off, which stays 0.
    """
    if spec.resize == "squash" or rows == columns:
        return heatmap
    cells = len(heatmap)
    if spec.resize == "letterbox":
        high, wide = rows / max(rows, columns), columns / max(rows, columns)
        left, upper = cells * (1 - wide) / 2, cells * (1 - high) / 2
        box = left, upper, cells - left, cells - upper
        return np.asarray(Image.fromarray(heatmap).resize((cells, cells), Image.Resampling.BILINEAR, box))
    whole = np.zeros(
        (round(cells * rows / min(rows, columns)), round(cells * columns / min(rows, columns))), np.float32
    )
    down, right = (whole.shape[0] - cells) // 2, (whole.shape[1] - cells) // 2
    whole[down : down + cells, right : right + cells] = heatmap
    return whole


def _shifted_maps(predictor: Any, pixels: Pixels) -> Maps:
    """Interleave the coarse maps of shifted films into fine ones (N, h, w), and smooth over the width of a coarse cell.

    A layer of 8 x 8 cells over 128 pixels sees every 16th pixel. Shown the film 8 pixels to the side, it sees the
    places between; and what it says in one place only by chance of the grid, it does not say again.

    A predictor with an ``attribution_offset`` has cells that look elsewhere than where they seem to lie: that is made
    good by moving the fine map by whole cells, and the film by the rest.
    """
    side, coarse = pixels.shape[1], predictor.attribution(pixels[:1]).shape[1]
    steps = max(2, -(-CELLS // coarse))
    width = side / coarse / steps  # of a fine cell, in pixels
    offset = predictor.attribution_offset(side) if hasattr(predictor, "attribution_offset") else 0.0
    lead = round(offset / width)
    shifts = np.rint((np.arange(steps) - (steps - 1) / 2 + lead) * width - offset).astype(int)
    films = np.stack([_moved(pixels, down, right) for down in shifts for right in shifts], 1)
    flat = films.reshape(-1, *pixels.shape[1:])
    parts = [predictor.attribution(flat[at : at + AT_ONCE]) for at in range(0, len(flat), AT_ONCE)]
    maps = np.concatenate(parts).reshape(len(pixels), steps, steps, coarse, coarse)
    fine = maps.transpose(0, 3, 1, 4, 2).reshape(len(pixels), coarse * steps, coarse * steps)
    return _smoothed(_moved(fine, -lead, -lead), steps)


def _smoothed(maps: Maps, steps: int) -> Maps:
    """Maps (N, h, w) under a triangle that reaches ``steps`` cells to each side; beyond the edge there is nothing."""
    taps = np.convolve(np.ones(steps), np.ones(steps)) / steps**2
    for axis in (1, 2):
        maps = np.apply_along_axis(np.convolve, axis, maps, taps, "same")
    return maps


def _moved(films: Grey, down: int, right: int) -> Grey:
    """Films or maps (N, S, S) as seen ``down`` and ``right`` places further on; edges are repeated."""
    places = np.arange(films.shape[1])
    rows, columns = (np.clip(places + by, 0, len(places) - 1) for by in (down, right))
    return films[:, rows[:, None], columns[None, :]]


def _scaled(maps: Maps) -> Maps:
    """Keep what speaks for the finding, with the hottest cell of each map at 1."""
    positive = np.maximum(maps, 0)
    return np.asarray(positive / np.maximum(positive.max((1, 2), keepdims=True), 1e-12), np.float32)

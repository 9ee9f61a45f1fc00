"""Where on a film a model's score came from: a map for networks, the nearest training cases for models that compare.

A map says which part of the film moved the score; it does not say what is there.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan.model.backend import Pixels, Placement, Predictor
from xrayscan.model.batches import Batches
from xrayscan.model.capabilities import ComparesCases, Explains, HeatmapLayer
from xrayscan.model.card import ModelCard
from xrayscan.model.file import Model
from xrayscan.model.gate import ungated
from xrayscan.model.input_spec import InputSpec
from xrayscan.plugin.loading import load_predictor
from xrayscan.runtime.interface import EAGER

Maps = npt.NDArray[np.float32]
Grey = TypeVar("Grey", Pixels, Maps)

AT_ONCE = 8  # shifted films: all activations are kept for the gradients, a hundred times what a forward pass keeps
CELLS = 10  # along each side, at least: shifts are added until a map has as many; half of them for coarser layers,
# which are smoothed over more than that, and only say where the finest one is not to be believed
SMOOTH = 1 / 8  # of the side: how far a cell of the last layer lends its heat to others; those before it twice as far
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One training case that a model compared a film with."""

    label: str  # what a human said of it
    distance: float  # in the model's own unit: comparable within one model only


class Explainer:
    """A model on its device, asked why."""

    @classmethod
    def from_model(cls, model: Model, placement: Placement) -> Self:
        """Put a model on a device to ask it: by the placement's runtime, or by torch where that one gives no heatmaps.

        Raises: ModelError if its backend is missing or its weights do not fit.
        """
        explainer = cls(model.card, load_predictor(model, placement), placement)
        if explainer._can_answer or model.graph or placement.runtime == EAGER:
            return explainer
        by_torch = replace(placement, runtime=EAGER)
        return cls(model.card, load_predictor(model, by_torch), by_torch)

    def __init__(self, card: ModelCard, predictor: Predictor, placement: Placement = Placement()) -> None:
        self.spec = card.input
        self._placement = placement
        self._labels = card.labels
        self._predictor = ungated(predictor)
        self._layers = self._predictor.attributions if isinstance(self._predictor, Explains) else ()

    @property
    def _can_answer(self) -> bool:
        return bool(self._layers) or isinstance(self._predictor, ComparesCases)

    def heatmaps(self, pixels: Pixels) -> Maps | None:
        """Pixels (N, S, S) uint8 → maps (N, h, w) float32 in [0, 1], h and w at least CELLS; None if it gives none.

        The square of each map is the square of the pixels. The hottest cell of a map is 1, whatever the score; a film
        on which nothing spoke for the positive label has a map of zeros.
        """
        if not self._layers:
            return None
        from xrayscan.network.device import one_thread_each, streams

        restore, count = one_thread_each(self._placement), streams(self._placement)
        try:
            with ThreadPoolExecutor(count) as threads:
                parts = np.array_split(pixels, min(count, len(pixels)))
                return np.concatenate(list(threads.map(self._maps, parts)))
        finally:
            restore()

    def _maps(self, pixels: Pixels) -> Maps:
        finest, last = self._layers[0], self._layers[-1]
        maps = []
        for layer in self._layers:
            fine = _shifted_maps(layer, pixels, CELLS if layer is finest else CELLS // 2)
            maps.append(_scaled(_smoothed(fine, SMOOTH if layer is last else 2 * SMOOTH)))
        return _agreed(maps)

    def neighbours(self, pixels: Pixels) -> list[tuple[Neighbour, ...]] | None:
        """Pixels (N, S, S) uint8 → the nearest training cases of each film, nearest first; None if it compares none."""
        if not isinstance(self._predictor, ComparesCases):
            return None
        found = self._predictor.nearest(pixels, NEIGHBOURS)
        return [tuple(Neighbour(self._labels[label], distance) for label, distance in film) for film in found]


def heatmaps(model: Model, pixels: Pixels, placement: Placement) -> Maps | None:
    """As `Explainer.heatmaps`, for once. Raises: ModelError if the model cannot be loaded."""
    return Explainer.from_model(model, placement).heatmaps(pixels)


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


def _shifted_maps(layer: HeatmapLayer, pixels: Pixels, cells: int) -> Maps:
    """Interleave the coarse maps of shifted films into fine ones (N, h, w) of so many cells a side, at least.

    A layer of 4 x 4 cells over 128 pixels sees every 32nd pixel. Shown the film 11 and 21 pixels to the side, it sees
    the places between; and what it says in one place only by chance of the grid, it does not say again. Cells that
    look elsewhere than where they seem to lie are put right by moving the fine map by whole cells and the film by the
    rest, since a film moved far is another film. The margin at which then no cell looked repeats its neighbours.
    """
    side, coarse = pixels.shape[1], layer.maps(pixels[:1]).shape[1]
    steps = max(2, -(-cells // coarse))
    width = side / coarse / steps  # of a fine cell, in pixels
    offset = layer.offset
    lead = round(offset / width)
    shifts = np.rint((np.arange(steps) - (steps - 1) / 2 + lead) * width - offset).astype(int)
    films = np.stack([_moved(pixels, down, right) for down in shifts for right in shifts], 1)
    flat = films.reshape(-1, *pixels.shape[1:])
    maps = Batches(AT_ONCE).over(layer.maps, flat).reshape(len(pixels), steps, steps, coarse, coarse)
    fine = maps.transpose(0, 3, 1, 4, 2).reshape(len(pixels), coarse * steps, coarse * steps)
    return _moved(fine, -lead, -lead)


def _smoothed(maps: Maps, share: float) -> Maps:
    """Maps (N, h, w) under a triangle that reaches a share of the side each way; beyond the edge there is nothing.

    Gradients reach a layer through the coarser grids behind it: their pattern is wider than its own cells.
    """
    reach = max(1, round(share * maps.shape[1]))
    taps = np.convolve(np.ones(reach), np.ones(reach)) / reach**2
    for axis in (1, 2):
        maps = np.apply_along_axis(np.convolve, axis, maps, taps, "same")
    return maps


def _agreed(maps: list[Maps]) -> Maps:
    """The geometric mean of maps (N, h, w) by several layers, on the finest grid: hot is what none of them denies."""
    cells = max(one.shape[1] for one in maps)
    together = np.prod([_spread(one, cells) for one in maps], axis=0)
    return _scaled(together ** (1 / len(maps)))


def _spread(maps: Maps, cells: int) -> Maps:
    """Maps (N, h, h) → (N, cells, cells), linear between the centres of the given cells and flat beyond them."""
    known, asked = ((np.arange(n) + 0.5) / n for n in (maps.shape[1], cells))
    weights = np.stack([np.interp(asked, known, one) for one in np.eye(len(known))], 1)
    return np.asarray(weights @ maps @ weights.T, np.float32)


def _moved(films: Grey, down: int, right: int) -> Grey:
    """Films or maps (N, S, S) as seen ``down`` and ``right`` places further on; edges are repeated."""
    places = np.arange(films.shape[1])
    rows, columns = (np.clip(places + by, 0, len(places) - 1) for by in (down, right))
    return films[:, rows[:, None], columns[None, :]]


def _scaled(maps: Maps) -> Maps:
    """Keep what speaks for the positive label, with the hottest cell of each map at 1."""
    positive = np.maximum(maps, 0)
    return np.asarray(positive / np.maximum(positive.max((1, 2), keepdims=True), 1e-12), np.float32)

"""A compiled network as a predictor: pixels in, raw logits out, and features where a gate or a comparison asks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.errors import ModelError
from xrayscan.model.backend import Pixels
from xrayscan.runtime.interface import CELLS, FEATURES, LOGITS, Compiled

Floats = npt.NDArray[np.float32]


class CompiledPredictor:
    """A network that a runtime made ready; `graph` is the ONNX graph it was made from, where it was."""

    def __init__(
        self, compiled: Compiled, layer: str | None = None, gate_layers: tuple[str, ...] = (), graph: bytes = b""
    ) -> None:
        """``layer`` names the one that `features` reads; ``gate_layers`` those of a gate."""
        self._compiled, self.layer, self.gate_layers, self.graph = compiled, layer, gate_layers, graph
        self._places = {name: place for place, name in enumerate(compiled.outputs)}
        if LOGITS not in self._places:
            raise ModelError(f"a graph without an output {LOGITS!r} is none of xrayscan's")

    @property
    def attributions(self) -> "list[Cells]":
        """What can be asked where a score came from: the last layer's cells, where the graph gives them."""
        return [
            Cells(self._compiled, place, float(name.removeprefix(CELLS)))
            for name, place in self._places.items()
            if name.startswith(CELLS)
        ]

    def predict(self, pixels: Pixels) -> Floats:
        """Pixels (B, S, S) uint8 → raw logits (B,) float32."""
        return self._compiled(pixels)[self._places[LOGITS]]

    def features(self, pixels: Pixels) -> Floats:
        """Pixels (B, S, S) uint8 → what the last layer with places says of each film, averaged over them: (B, C).

        Raises: ModelError if the network names no such layer.
        """
        if self.layer is None:
            raise ModelError("this network declares no layer whose features could be used")
        return self.predict_with_features(pixels, (self.layer,))[1]

    def predict_with_features(self, pixels: Pixels, layers: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Pixels (B, S, S) uint8 → raw logits (B,), and what layers say of each film, averaged over places: (B, C).

        Raises: ModelError for a layer that the graph does not give.
        """
        found = self._compiled(pixels)
        if absent := [name for name in layers if FEATURES + name not in self._places]:
            raise ModelError(f"the network has no layer that a gate asks for: {absent[0]}")
        parts = [found[self._places[FEATURES + name]] for name in layers]
        return found[self._places[LOGITS]], np.concatenate(parts, axis=1)


@dataclass(frozen=True, slots=True)
class Cells:
    """A `HeatmapLayer` that the network computes along with the logit."""

    compiled: Compiled
    place: int  # among the outputs
    offset: float

    def maps(self, pixels: Pixels) -> Floats:
        """Pixels (B, S, S) uint8 → how much each cell raised the logit: (B, h, w), from 0."""
        return self.compiled(pixels)[self.place]

"""How unlike its training films a model finds a film: a linear judge of the network's own features.

Sources: Wollek et al., "Out-of-distribution detection with in-distribution voting using the medical example of chest
x-ray classification", Medical Physics 2023 (a gate that is taught beats a distance); Anthony and Kamnitsas, "On the
use of Mahalanobis distance for out-of-distribution detection with neural networks for medical imaging", UNSURE 2023
(no single depth of a network sees everything).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.errors import ModelError
from xrayscan.files.json_text import parsed
from xrayscan.model.backend import Pixels, Predictor, Tensors
from xrayscan.model.capabilities import GivesLayers

PREFIX = "gate/"
ARRAYS = ("centre", "scale", "weights")
ABOUT = f"{PREFIX}about"  # JSON: bias, unlike_from, layers, taught_on
FARTHEST = 8.0  # standard deviations: what is stranger still weighs no more
DAMAGED = "its gate is damaged"
CELLS, LEVELS, SCALES = 12, 8, 3  # of the pixel statistics

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """Unlikeness = sigmoid(weights · standardised features + bias); it is 0.5 where the gate was set to begin.

    ``layers`` are the submodules whose outputs, averaged over places, are the features; none: `pixel_statistics`.
    ``taught_on`` says, for the card, what with.
    """

    centre: Floats  # (F,): the features' mean over training films
    scale: Floats  # (F,): and their standard deviation
    weights: Floats  # (F,)
    bias: float
    unlike_from: float = 0.5  # the unlikeness from which on a film is flagged
    layers: tuple[str, ...] = ()
    taught_on: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.centre, self.scale, self.weights)}
        if len(shapes) != 1 or self.weights.ndim != 1 or not 0 < self.unlike_from < 1 or not np.all(self.scale > 0):
            raise ModelError(DAMAGED)

    def unlikeness(self, features_BF: Floats) -> Floats:
        """Turn features (B, F) into unlikeness (B,): 0 like the training films, 1 nothing of the kind.

        Raises: ModelError for features of another network.
        """
        if features_BF.shape[1:] != self.weights.shape:
            raise ModelError(f"its gate takes {len(self.weights)} features, the network gives {features_BF.shape[1]}")
        # Row by row: a matrix product rounds a film otherwise in another place of a batch, or a batch of another size.
        score = (self.standardised(features_BF) * self.weights).sum(1, dtype=np.float64) + self.bias
        return np.asarray(1 / (1 + np.exp(-score)), np.float32)

    def standardised(self, features_BF: Floats) -> Floats:
        """Features in standard deviations from the training films' mean, none farther out than `FARTHEST`."""
        return np.asarray(np.clip((features_BF - self.centre) / self.scale, -FARTHEST, FARTHEST), np.float32)

    def tensors(self) -> Tensors:
        """The gate as arrays of a model file."""
        about = {name: getattr(self, name) for name in ("bias", "unlike_from", "layers")}
        text = json.dumps({**about, "taught_on": dict(self.taught_on)}).encode()
        arrays = {f"{PREFIX}{name}": np.asarray(getattr(self, name), np.float32) for name in ARRAYS}
        return {**arrays, ABOUT: np.frombuffer(text, np.uint8)}


def split_gate(tensors: Tensors) -> tuple[Tensors, Gate | None]:
    """Part the tensors of a model file into the gate and the rest. Raises: ModelError if the gate is damaged."""
    rest = {name: array for name, array in tensors.items() if not name.startswith(PREFIX)}
    if len(rest) == len(tensors):
        return rest, None
    try:
        about = parsed(tensors[ABOUT].tobytes())
        centre, scale, weights = (tensors[f"{PREFIX}{name}"] for name in ARRAYS)
        layers = tuple(str(name) for name in about["layers"])
        begin = float(about["bias"]), float(about["unlike_from"])
        return rest, Gate(centre, scale, weights, *begin, layers, dict(about["taught_on"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(DAMAGED) from error


class GatedPredictor:
    """A predictor that also tells how unlike its training films a film is, from the same pass."""

    def __init__(self, predictor: Predictor, gate: Gate) -> None:
        """Raises: ModelError for a gate that reads features which the predictor does not give."""
        self.predictor, self._gate, self.unlike_from = predictor, gate, gate.unlike_from
        if gate.layers and not isinstance(predictor, GivesLayers):
            raise ModelError("its gate reads features, which its backend does not give")

    def predict(self, pixels: Pixels) -> Floats:
        """Pixels (B, S, S) uint8 → raw logits (B,)."""
        return self.predictor.predict(pixels)

    def predict_with_unlikeness(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """Pixels (B, S, S) uint8 → raw logits (B,), as `predict` gives them, and unlikeness (B,) in [0, 1]."""
        logits, features = gate_features(self.predictor, self._gate.layers, pixels)
        return logits, self._gate.unlikeness(features)


def ungated(predictor: Predictor) -> Predictor:
    """The predictor behind a gate, whose other capabilities are its own; any other predictor itself."""
    return predictor.predictor if isinstance(predictor, GatedPredictor) else predictor


def gate_features(predictor: Predictor, layers: tuple[str, ...], pixels: Pixels) -> tuple[Floats, Floats]:
    """Logits (B,) and what a gate reads (B, F): the network's features, or, of no ``layers``, the pixels'."""
    network = ungated(predictor)
    if layers and isinstance(network, GivesLayers):
        return network.predict_with_features(pixels, layers)
    return predictor.predict(pixels), pixel_statistics(pixels)


def pixel_statistics(pixels: Pixels) -> Floats:
    """What can be told of pixels (B, S, S) without a network: (B, F) float32.

    A coarse picture with its own contrast taken out, quantiles of grey, and how sharp edges are at three scales.
    """
    images = pixels.astype(np.float32) / 255
    side = images.shape[1] // CELLS * CELLS
    coarse = images[:, :side, :side].reshape(len(images), CELLS, side // CELLS, CELLS, side // CELLS).mean((2, 4))
    flat = coarse.reshape(len(images), -1)
    flat = (flat - flat.mean(1, keepdims=True)) / (flat.std(1, keepdims=True) + 1e-2)
    quantiles = np.quantile(images.reshape(len(images), -1), np.linspace(0, 1, LEVELS), axis=1).T
    steps = [2**n for n in range(SCALES)]
    edges = [np.abs(images[:, step:] - images[:, :-step]).mean((1, 2)) for step in steps]
    edges += [np.abs(images[:, :, step:] - images[:, :, :-step]).mean((1, 2)) for step in steps]
    return np.hstack([flat, quantiles, np.log(np.stack(edges, 1) + 1e-3)]).astype(np.float32)

"""What a backend, or its predictor, may be able to do beside the least that is asked of it.

Each is a Protocol: whoever has the members can do it, without inheriting anything or declaring it anywhere. A plugin
that wants its type checker to know writes the name into the class's bases, or annotates ``able: Explains = predictor``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import FitSettings, Pixels
from xrayscan.model.tensors import Tensors

Floats = npt.NDArray[np.float32]


# Of backends


@runtime_checkable
class HasRecipe(Protocol):
    """A backend that is best trained in a way of its own."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Values of `TrainingParams` that win over their defaults, where the user asks for no others."""
        ...


@runtime_checkable
class StartsFromWeights(Protocol):
    """A backend that can start from weights of others; every other one is refused ``--weights``."""

    @property
    def takes_weights(self) -> bool:
        """Whether it can, of all its parameters."""
        ...

    @property
    def starts_with(self) -> str:
        """The weights that it starts with where none are asked for: ``none`` (random), ``imagenet`` or a file."""
        ...


@runtime_checkable
class GivesFirstWeights(Protocol):
    """A backend whose network can be used untrained, for its features: what ``knn`` asks of ``features=BACKEND``."""

    def start(self, params: Any, settings: FitSettings) -> Tensors:
        """The tensors that training would start with, fit for ``load``: those of ``settings.weights``."""
        ...


@runtime_checkable
class TakesRuntimes(Protocol):
    """A backend whose networks any runtime may compute: its ``load`` heeds ``placement.runtime``."""

    @property
    def takes_runtimes(self) -> bool:
        """True; a backend that computes by itself has no such member."""
        ...


@runtime_checkable
class TakesDevices(Protocol):
    """A backend that several processes can train together: its ``fit`` heeds ``settings.ranks``."""

    @property
    def takes_devices(self) -> bool:
        """True; a backend that trains in one process has no such member, and is refused ``--devices``."""
        ...


# Of predictors


class NetworkProgram(Protocol):
    """A network as other programs take it."""

    def onnx(self) -> bytes:
        """The network with its normalisation as an ONNX graph: pixels (B, S, S) uint8 in, raw logits (B,) out."""
        ...


@runtime_checkable
class HasProgram(Protocol):
    """A predictor whose network can be exported."""

    @property
    def program(self) -> NetworkProgram:
        """The network."""
        ...


@runtime_checkable
class KnowsUnlike(Protocol):
    """A predictor that also tells how unlike its training films a film is. Whoever scans asks it that way."""

    unlike_from: float  # the unlikeness from which on a film is flagged

    def predict_with_unlikeness(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """Turn pixels (B, S, S) uint8 into raw logits (B,), as ``predict`` does, and unlikeness (B,) in [0, 1].

        Unlikeness is 0 for what the training films are like and 1 for nothing of the kind, from the same pass.
        """
        ...


@runtime_checkable
class GivesFeatures(Protocol):
    """A predictor that describes a film by numbers of its own: what ``knn`` compares films by."""

    def features(self, pixels: Pixels) -> Floats:
        """Turn pixels (B, S, S) uint8 into one vector for each film (B, F). Raises: ModelError if it has none."""
        ...


@runtime_checkable
class GivesLayers(Protocol):
    """A predictor whose network can be read on the way: what a gate needs to judge in the same pass."""

    gate_layers: tuple[str, ...]  # the submodules that a gate reads

    def predict_with_features(self, pixels: Pixels, layers: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Turn pixels (B, S, S) uint8 into raw logits (B,) and the layers' outputs averaged over places (B, F)."""
        ...


@runtime_checkable
class GivesStyle(Protocol):
    """A predictor that names what in its network sees how a film looks: for ``evaluate --by style``."""

    @property
    def style_layers(self) -> tuple[str, ...]:
        """Submodules early in the network, which see texture and contrast rather than what a film shows; or none."""
        ...

    def predict_with_features(self, pixels: Pixels, layers: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Turn pixels (B, S, S) uint8 into raw logits (B,) and the layers' outputs averaged over places (B, F)."""
        ...


class HeatmapLayer(Protocol):
    """A layer of a network, asked where a score came from."""

    def maps(self, pixels: Pixels) -> Floats:
        """Turn pixels (B, S, S) uint8 into how much each cell of the layer raised the logit: (B, h, w), from 0.

        Several threads may ask at the same time.
        """
        ...

    @property
    def offset(self) -> float:
        """How many pixels further right and down its cells look than where they seem to lie; 0 if they do not."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A predictor that can show where a score came from: heatmaps are made of its layers' maps."""

    @property
    def attributions(self) -> Sequence[HeatmapLayer]:
        """The layers that can be asked, the finest first; none where there is no heatmap to be had."""
        ...


@runtime_checkable
class ComparesCases(Protocol):
    """A predictor that decides by training cases, and can name those that it compared a film with."""

    def nearest(self, pixels: Pixels, count: int) -> Sequence[Sequence[tuple[int, float]]]:
        """Label (0 or 1) and distance of the ``count`` training cases nearest to each film, nearest first.

        ``pixels`` (B, S, S) uint8; distances are in the model's own unit, comparable within one model only.
        """
        ...

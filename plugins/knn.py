"""K nearest neighbours on downsized pixels: the baseline every network should beat, and a backend without a network."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xrayscan import Films, FitSettings, InputSpec, ModelError, Placement, Tensors, hookimpl

PIXELS, LABELS = "films/pixels", "films/labels"  # what a model file of this backend holds
HALF_A_VOTE = 0.5  # given to each label beforehand, so that a unanimous vote is not a certainty


@dataclass(frozen=True)
class KnnParams:
    """What can be set with --set."""

    side: int = 32  # pixels
    k: int = 15  # neighbours that vote
    metric: Literal["euclidean", "manhattan", "cosine"] = "euclidean"
    weighting: Literal["uniform", "distance"] = "distance"  # of the votes
    standardise: bool = True  # subtract each film's own mean and divide by its own deviation

    def __post_init__(self) -> None:
        if not (8 <= self.side <= 256 and 1 <= self.k <= 1000):
            raise ModelError("knn takes side 8-256 and k 1-1000")


def spec(params: KnnParams) -> InputSpec:
    """One grey channel: the neighbours are sought among pixels."""
    return InputSpec(side=params.side, normalise="per_image" if params.standardise else "fixed")


class Neighbours:
    """The training films, ready to be asked."""

    def __init__(self, params: KnnParams, pixels: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._params, self._labels = params, labels
        self._index = NearestNeighbors(n_neighbors=min(params.k, len(labels)), metric=params.metric, algorithm="brute")
        self._index.fit(self._vectors(pixels))

    def predict(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → logits (B,) float32 of the share of votes for the finding."""
        distances, neighbours = self._index.kneighbors(self._vectors(pixels))
        votes = np.ones_like(distances)
        if self._params.weighting == "distance":
            votes = 1 / np.maximum(distances, 1e-6)
            votes *= votes.shape[1] / votes.sum(1, keepdims=True)  # as many votes as neighbours, whatever the unit
        found = (votes * self._labels[neighbours]).sum(1)
        return np.log((found + HALF_A_VOTE) / (votes.sum(1) - found + HALF_A_VOTE)).astype(np.float32)

    def _vectors(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        vectors = pixels.reshape(len(pixels), -1).astype(np.float64) / 255
        if not self._params.standardise:
            return vectors
        return (vectors - vectors.mean(1, keepdims=True)) / np.maximum(vectors.std(1, keepdims=True), 1e-6)


class Knn:
    """The backend: what it keeps of training is the films themselves."""

    name = "knn"
    summary = "k nearest neighbours on small pixels: a baseline"
    params: type[Any] = KnnParams

    def spec(self, params: KnnParams) -> InputSpec:
        """The pixels taken."""
        return spec(params)

    def fit(
        self, params: KnnParams, spec: InputSpec, train: Films, validation: Films, settings: FitSettings
    ) -> dict[str, npt.NDArray[Any]]:
        """Keep the training films."""
        return {PIXELS: train.pixels, LABELS: train.labels}

    def load(self, params: KnnParams, spec: InputSpec, tensors: Tensors, placement: Placement) -> Neighbours:
        """Index the films that were kept. Raises: ModelError if they are not of this backend's shape."""
        pixels, labels = tensors.get(PIXELS), tensors.get(LABELS)
        shape = None if labels is None else (len(labels), spec.side, spec.side)
        if pixels is None or labels is None or pixels.shape != shape or labels.ndim != 1:
            raise ModelError(f"knn needs films of {spec.side} x {spec.side} pixels with a label each in its model file")
        return Neighbours(params, pixels, labels)


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``knn``."""
    register(Knn())

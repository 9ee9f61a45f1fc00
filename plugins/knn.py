"""K nearest neighbours, on small pixels or on a network's features: the baseline every network should beat."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xrayscan import (
    Batches,
    Films,
    FitSettings,
    GivesFeatures,
    GivesFirstWeights,
    InputSpec,
    ModelError,
    Placement,
    Tensors,
    hookimpl,
    load_model,
    load_registry,
)

Pixels = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]
PIXELS = "pixels"
# What a model file of this backend holds: vectors with their labels, and the network that made them, if one did.
FILMS, LABELS, ABOUT, NETWORK = "films", "labels", "features/about", "features/network/"
HALF_A_VOTE = 0.5  # given to each label beforehand, so that a unanimous vote is not a certainty


@dataclass(frozen=True)
class KnnParams:
    """What can be set with --set."""

    side: int = field(
        default=32, metadata={"range": (8, 256)}
    )  # pixels; with the features of a network, the network's own side holds
    k: int = field(default=15, metadata={"range": (1, 1000), "tune": {"log": (1, 100)}})  # neighbours that vote
    metric: Literal["euclidean", "manhattan", "cosine"] = "euclidean"  # what makes films near
    weighting: Literal["uniform", "distance"] = field(
        default="distance", metadata={"tune": ["uniform", "distance"]}
    )  # of votes
    standardise: bool = True  # pixels: subtract each film's own mean and divide by its own deviation
    features: str = PIXELS  # or a model (bundled name, file, run folder), or a backend such as resnet18 with --weights


class Neighbours:
    """The training films as vectors, ready to be asked for those nearest to a film."""

    def __init__(
        self, params: KnnParams, vectors: Vectors, labels: npt.NDArray[np.uint8], network: GivesFeatures | None
    ) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._params, self._labels, self._network = params, labels, network
        self._index = NearestNeighbors(n_neighbors=min(params.k, len(labels)), metric=params.metric, algorithm="brute")
        self._index.fit(vectors.reshape(len(vectors), -1).astype(np.float64))

    def predict(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Pixels (B, S, S) uint8 → logits (B,) float32 of the share of votes for the positive label."""
        vectors = _vectors(pixels, self._params, self._network)
        distances, neighbours = self._index.kneighbors(vectors.astype(np.float64))
        votes = np.ones_like(distances)
        if self._params.weighting == "distance":
            votes = 1 / np.maximum(distances, 1e-6)
            votes *= votes.shape[1] / votes.sum(1, keepdims=True)  # as many votes as neighbours, whatever the unit
        found = (votes * self._labels[neighbours]).sum(1)
        return np.asarray(np.log((found + HALF_A_VOTE) / (votes.sum(1) - found + HALF_A_VOTE)), np.float32)

    def nearest(self, pixels: Pixels, count: int) -> list[list[tuple[int, float]]]:
        """Pixels (B, S, S) uint8 → label (0 or 1) and distance of the nearest training films of each, nearest first."""
        vectors = _vectors(pixels, self._params, self._network).astype(np.float64)
        distances, places = self._index.kneighbors(vectors, n_neighbors=min(count, len(self._labels)))
        labels = self._labels[places]
        return [
            list(zip(map(int, who), map(float, far), strict=True)) for who, far in zip(labels, distances, strict=True)
        ]


def _vectors(pixels: Pixels, params: KnnParams, network: GivesFeatures | None) -> Vectors:
    """One vector per film (B, D): its pixels, or its features."""
    if network is not None:
        return Batches().over(network.features, pixels)
    vectors = pixels.reshape(len(pixels), -1).astype(np.float32) / 255
    if params.standardise:
        vectors = (vectors - vectors.mean(1, keepdims=True)) / np.maximum(vectors.std(1, keepdims=True), 1e-6)
    return np.asarray(vectors, np.float32)


class Knn:
    """The backend: what it keeps of training is the films themselves, as vectors."""

    name = "knn"
    summary = "k nearest neighbours, on small pixels or on a network's features"
    params: type[Any] = KnnParams
    takes_weights = True  # for features=BACKEND
    starts_with = "none"

    def spec(self, params: KnnParams) -> InputSpec:
        """The pixels taken: small ones, or what the network of the features takes."""
        if params.features == PIXELS:
            return InputSpec(params.side, normalise="per_image" if params.standardise else "fixed")
        backend = load_registry().backends.get(params.features)
        return backend.spec(backend.params()) if backend else load_model(params.features).card.input

    def fit(
        self, params: KnnParams, spec: InputSpec, train: Films, validation: Films, settings: FitSettings
    ) -> dict[str, npt.NDArray[Any]]:
        """Keep the training films, and the network that turns films into vectors.

        Raises: ModelError for weights that no network is there to take.
        """
        if (settings.weights or "none") != "none" and params.features not in load_registry().backends:
            raise ModelError("knn takes --weights with features=BACKEND only, such as features=resnet18")
        kept = {} if params.features == PIXELS else _network_tensors(params.features, settings)
        network = _network(spec, kept, settings.placement)
        films = train.pixels if network is None else _vectors(train.pixels, params, network)
        return {FILMS: films, LABELS: train.labels, **kept}

    def load(self, params: KnnParams, spec: InputSpec, tensors: Tensors, placement: Placement) -> Neighbours:
        """Index the films that were kept. Raises: ModelError if they are not of this backend's shape."""
        films, labels = tensors.get(FILMS), tensors.get(LABELS)
        if films is None or labels is None or labels.ndim != 1 or len(films) != len(labels) or not len(labels):
            raise ModelError("knn needs films with a label each in its model file")
        if films.dtype not in (np.uint8, np.float32) or labels.dtype != np.uint8 or labels.max() > 1:
            raise ModelError("knn: the films or labels in its model file are not of the kinds that it keeps")
        network = _network(spec, tensors, placement)
        if network is None and not films.shape[1:] == (spec.side, spec.side) == (params.side, params.side):
            raise ModelError(f"knn needs films of {params.side} x {params.side} pixels in its model file")
        vectors = films.astype(np.float32) if network else _vectors(films, params, None)
        return Neighbours(params, vectors, labels, network)


def _network_tensors(features: str, settings: FitSettings) -> dict[str, npt.NDArray[Any]]:
    """The network behind ``features`` as tensors: what it is, as JSON, its weights, and the films behind them."""
    backend = load_registry().backends.get(features)
    seen: dict[str, npt.NDArray[Any]] = {}
    if backend is None:
        model = load_model(features)
        if model.seen is None:
            raise ModelError(
                f"knn: {features} does not say on which films it was trained, so its features are not used"
            )
        about = {"backend": model.card.backend, "parameters": dict(model.card.parameters)}
        weights = {**model.network}
        seen = dict(model.seen.tensors())
    elif isinstance(backend, GivesFirstWeights):
        params = backend.params()
        about, weights = {"backend": features, "parameters": asdict(params)}, dict(backend.start(params, settings))
    else:
        raise ModelError(f"knn: features = {features!r}: this backend is no network")
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    return {ABOUT: text, **{f"{NETWORK}{name}": array for name, array in weights.items()}, **seen}


def _network(spec: InputSpec, tensors: Tensors, placement: Placement) -> GivesFeatures | None:
    """The network kept in these tensors, loaded; None if there is none."""
    if ABOUT not in tensors:
        return None
    try:
        about = json.loads(tensors[ABOUT].tobytes())
        name, values = str(about["backend"]), dict(about["parameters"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelError("knn: its model file does not say which network makes the features") from error
    backend = load_registry().backend(name)
    weights = {name.removeprefix(NETWORK): array for name, array in tensors.items() if name.startswith(NETWORK)}
    network = backend.load(backend.params(**values), spec, weights, placement)
    if not isinstance(network, GivesFeatures):
        raise ModelError(f"backend {name} gives no features to seek neighbours by")
    return network


@hookimpl
def register_backends(register) -> None:  # type: ignore[no-untyped-def]
    """Offer the backend ``knn``."""
    register(Knn())

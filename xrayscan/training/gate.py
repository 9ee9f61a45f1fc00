"""Teach a gate: training films as they may come elsewhere against pictures that are none, and films from elsewhere."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from xrayscan.model.backend import Pixels, Predictor
from xrayscan.model.batches import Batches
from xrayscan.model.capabilities import GivesLayers
from xrayscan.model.gate import Floats, Gate, GatedPredictor, gate_features, ungated
from xrayscan.training.gate_examples import strange, varied

FEWEST = 20  # films of training, and of validation, below which no gate is taught
MOST_FILMS = 1000  # of training that one is taught with, each also varied twice
MOST_STRANGE = 200  # pictures of each kind
MOST_MEASURED = 100  # films that pictures of each kind are made of, for the card
FOREIGN_VARIED = 12  # times
FLAGGED = 0.013  # of validation films, as they are and varied, that the gate is set to flag
STRENGTH = 0.5  # of logistic regression: the inverse of L2's weight
FOREIGN_WEIGHT = 1.2  # of films from elsewhere, where training films have 1 in total, as have all strange kinds
KIND_WEIGHT = {"left or right half": 2.5, "upper or lower half": 4.0, "inverted": 2.5}  # harder than other kinds


def teach_gate(
    predictor: Predictor,
    train: Pixels,
    validation: Pixels,
    *,
    seed: int,
    foreign: Pixels | None = None,
    most: int = MOST_FILMS,
    taught_on: Mapping[str, Any] | None = None,
) -> Gate | None:
    """Return a gate for a fitted predictor, taught on training films (N, S, S) and set on validation films.

    ``foreign`` films, of other hospitals or ages, are taught as unlike, too. Deterministic for a seed.
    Returns None where there are too few films.
    """
    if min(len(train), len(validation)) < FEWEST:
        return None
    rng = np.random.default_rng(seed)
    network = ungated(predictor)
    layers = network.gate_layers if isinstance(network, GivesLayers) else ()
    some = _some(train, most, rng)
    like = np.concatenate(
        [_features(predictor, layers, films) for films in (some, varied(some, rng), varied(some, rng))]
    )
    unlike, weights = _unlike(predictor, layers, _some(train, MOST_STRANGE, rng), foreign, rng)
    gate = _fitted(like, unlike, weights, layers)
    kept = _some(validation, most, rng)
    held_out = np.concatenate([_features(predictor, layers, films) for films in (kept, varied(kept, rng))])
    told = {"films": len(some), "foreign": 0 if foreign is None else len(foreign), **(taught_on or {})}
    return _set(gate, held_out, told)


def flagged_shares(predictor: GatedPredictor, validation: Pixels, *, seed: int) -> dict[str, float]:
    """Which share of validation films (N, S, S) a gate flags, and of pictures of every strange kind, for the card."""
    kinds = strange(_some(validation, MOST_MEASURED, rng := np.random.default_rng(seed)), rng)
    return {name: _flagged(predictor, pictures) for name, pictures in {"validation films": validation, **kinds}.items()}


def _flagged(predictor: GatedPredictor, films: Pixels) -> float:
    unlikeness = Batches().over(lambda part: predictor.predict_with_unlikeness(part)[1], films)
    return float(np.mean(unlikeness >= predictor.unlike_from))


def _unlike(
    predictor: Predictor, layers: tuple[str, ...], films: Pixels, foreign: Pixels | None, rng: np.random.Generator
) -> tuple[list[Floats], list[float]]:
    """Features of every kind of unlike pictures, and what each kind weighs."""
    kinds = strange(films, rng)
    unlike = [_features(predictor, layers, pictures) for pictures in kinds.values()]
    weights = [KIND_WEIGHT.get(name, 1.0) / len(kinds) for name in kinds]
    if foreign is not None and len(foreign):
        changed = [foreign, *(varied(foreign, rng) for _ in range(FOREIGN_VARIED))]
        unlike.append(np.concatenate([_features(predictor, layers, films) for films in changed]))
        weights.append(FOREIGN_WEIGHT)
    return unlike, weights


def _fitted(like: Floats, unlike: list[Floats], weights: list[float], layers: tuple[str, ...]) -> Gate:
    """Logistic regression of unlike (1) against like (0), with every group's weight in total as given."""
    from sklearn.linear_model import LogisticRegression

    groups = [like, *unlike]
    gate = Gate(like.mean(0), like.std(0) + np.float32(1e-4), np.zeros(like.shape[1], np.float32), 0.0, layers=layers)
    sizes = np.array([len(group) for group in groups])
    each = np.repeat(np.array([1.0, *weights]) / sizes, sizes)
    labels = np.repeat([0, *[1] * len(unlike)], sizes)
    fitted = LogisticRegression(C=STRENGTH, max_iter=300)
    fitted.fit(gate.standardised(np.concatenate(groups)), labels, sample_weight=each / each.mean())
    return dataclasses.replace(gate, weights=fitted.coef_[0].astype(np.float32), bias=float(fitted.intercept_[0]))


def _set(gate: Gate, held_out: Floats, taught_on: Mapping[str, Any]) -> Gate:
    """The gate with its beginning where it flags the share that it shall of films held out."""
    scores = gate.standardised(held_out) @ gate.weights + gate.bias
    return dataclasses.replace(gate, bias=gate.bias - float(np.quantile(scores, 1 - FLAGGED)), taught_on=taught_on)


def _some(films: Pixels, most: int, rng: np.random.Generator) -> Pixels:
    return films if len(films) <= most else films[np.sort(rng.choice(len(films), most, replace=False))]


def _features(predictor: Predictor, layers: tuple[str, ...], films: Pixels) -> Floats:
    return Batches().over(lambda part: gate_features(predictor, layers, part)[1], films)

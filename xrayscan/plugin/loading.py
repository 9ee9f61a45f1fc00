"""Model references → loaded models → predictors: where model files meet the installed backends."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from xrayscan.errors import ModelError, UsageError, XrayscanError
from xrayscan.files.paths import Path, path_texts
from xrayscan.model.backend import Placement, Predictor, Tensors
from xrayscan.model.card import UNNAMED
from xrayscan.model.file import Model, load_model
from xrayscan.model.gate import Gate, GatedPredictor, split_gate
from xrayscan.model.parameters import parse
from xrayscan.plugin.manager import load_registry
from xrayscan.runtime.graph_program import GraphProgram
from xrayscan.runtime.memory import Memory
from xrayscan.runtime.predictor import CompiledPredictor

MEAN = "mean"  # what worklists call the mean of several models
SHOWN = 200  # characters of an unexpected error


def load_predictor(model: Model, placement: Placement) -> Predictor:
    """Put a model's network on a device, with its gate if it has one: a `KnowsUnlike`, then.

    It is shown one black film, so that what cannot work fails here. Raises: ModelError if its backend is missing, its
    tensors do not fit, or it does not take films as its card says.
    """
    side, what = model.card.input.side, model.path or model.card.name
    tensors, gate = split_gate(model.tensors)
    black = np.zeros((1, side, side), np.uint8)
    try:
        predictor = _from_graph(model, gate, placement) or _from_backend(model, tensors, placement)
        shape = predictor.predict(black).shape
        gated = GatedPredictor(predictor, gate) if gate else predictor
        if isinstance(gated, GatedPredictor):
            gated.predict_with_unlikeness(black)
    except XrayscanError:
        raise
    except Exception as error:  # whatever a backend makes of a file that is not its own
        first = next(iter(str(error).splitlines()), "")[:SHOWN]
        problem = f"{what}: backend {model.card.backend} cannot use it ({type(error).__name__}: {first})"
        raise ModelError(problem) from error
    if shape != (1,):
        raise ModelError(f"{what}: one film gets {shape} numbers instead of one")
    return gated


def _from_graph(model: Model, gate: Gate | None, placement: Placement) -> Predictor | None:
    """The model by its ONNX graph, exported or kept from an earlier command; None where there is none to be used."""
    runtime = load_registry().runtime(placement.runtime)
    if model.graph and model.graph_format not in runtime.graphs:
        raise ModelError(f"{model.path}: runtime {runtime.name} does not take graphs ({model.graph_format})")
    kept = Memory.of(model.fingerprint).graph() if model.fingerprint and runtime.graphs and not model.graph else b""
    graph = model.graph or kept
    if not graph:
        return None
    layers = gate.layers if gate else ()
    return CompiledPredictor(runtime.compile(GraphProgram(graph, model.weights), placement), None, layers, graph)


def _from_backend(model: Model, tensors: Tensors, placement: Placement) -> Predictor:
    """The model by its backend, which keeps the ONNX graph for the next command if it made one."""
    backend = load_registry().backend(model.card.backend)
    params = parse(backend.params, model.card.parameters, of=f"model {model.card.name}")
    predictor = backend.load(params, model.card.input, tensors, placement)
    if model.fingerprint and isinstance(predictor, CompiledPredictor) and predictor.graph:
        Memory.of(model.fingerprint).keep_graph(predictor.graph)
    return predictor


def load_models(references: Path | Model | Iterable[Path | Model]) -> list[Model]:
    """Read the models that score the same films; those that are loaded already are taken as they are.

    Raises: as `load_model`; UsageError if there is none, one comes twice, or they look for different findings, whose
    tiers and means could not be compared.
    """
    given = [references] if isinstance(references, Model) else path_texts(references)
    models = [one if isinstance(one, Model) else load_model(one) for one in given]
    if not models:
        raise UsageError("give at least one model")
    first = models[0]
    for earlier, later in itertools.combinations(models, 2):
        if earlier.fingerprint == later.fingerprint:
            both = " and ".join(dict.fromkeys((earlier.reference, later.reference)))
            raise UsageError(f"{both}: the same model twice: give it once")
    for model in models[1:]:
        if model.card.labels[1].casefold() != first.card.labels[1].casefold():
            raise UsageError(
                f"{first.reference} looks for {first.card.labels[1]}, {model.reference} for {model.card.labels[1]}: "
                "ask each by itself"
            )
    return models


def names_of(models: Sequence[Model]) -> tuple[str, ...]:
    """Tell models apart: by the name on the card, or by where they came from if it is shared or says nothing."""
    often = Counter(model.card.name for model in models)
    often.update({UNNAMED: 1, MEAN: 1})
    known = [bool(model.card.name.strip()) and often[model.card.name] == 1 for model in models]
    names = [
        model.card.marked(model.card.name if told else model.reference)
        for model, told in zip(models, known, strict=True)
    ]
    return tuple(
        name if names.count(name) == 1 and name != MEAN else f"{name} {model.fingerprint[:12]}"
        for name, model in zip(names, models, strict=True)
    )

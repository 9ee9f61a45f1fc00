"""Which runtime computes a scan, and how exactly: a rule where nothing is known, what `compare` measured where it was.

A scan never times anything. Once per model, machine and versions it has the usual runtime answer for a few films, to
see that it agrees with torch in fp32; the answer is remembered. Nothing here imports torch before it has to.
"""

import contextlib
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xrayscan.errors import UsageError
from xrayscan.model.backend import Pixels, Placement, Precision
from xrayscan.model.capabilities import KnowsUnlike, TakesRuntimes
from xrayscan.model.file import Model
from xrayscan.plugin.loading import load_predictor
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import Registry
from xrayscan.runtime.films import FILMS, drawn_films
from xrayscan.runtime.interface import EAGER, why_missing
from xrayscan.runtime.memory import Measured, Memory

AUTO = "auto"
USUAL = Placement("cpu", "fp32", "onnxruntime")  # a third of torch's time, ready in a tenth of a second, without torch
# Of a probability, on drawn films. Real ones drive a network further: bf16 was wrong by 0.009 (OpenVINO) and 0.013
# (torch) on drawn films, by 0.036 and 0.049 on 256 real ones. A tenth of what is promised leaves room for that.
TOLERANCE = 0.001
LARGEST = 400_000_000  # bytes of weights: what is larger takes long to write as a graph, and room in the user's cache
CHECKED = 4  # films that the usual runtime answers for before it is taken
ROUNDS = 3  # of all films, the fastest of which counts
QUICK_SECONDS = 10.0  # what takes longer to set up is measured only if it is asked for by name
TORCH_SECONDS = 1.5  # that importing torch takes
GPU_SIGNS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def choose(
    models: Sequence[Model],
    *,
    device: str = AUTO,
    precision: str = AUTO,
    runtime: str = AUTO,
    films: int = 0,
    before: tuple[str, str] | None = None,
) -> Placement:
    """Decide where, how exactly and by what models compute.

    What is asked for holds. Of what is left to choose, only ways that agree with torch in fp32 on drawn films are
    taken: no logit of them differs by more than what would move a probability of one half by 0.001, and no unlikeness
    by more than 0.001, so that real films stay within 0.01. That is `USUAL`, checked once, and whatever else `compare`
    has measured here: the fastest for about ``films`` films counts, its set-up included. Otherwise torch computes in
    fp32.
    ``before``: runtime and precision of a scan that goes on, which are taken again where they can be had.

    Raises: UsageError for a device, precision or runtime that is not there; as the models' backends do.
    """
    registry, where = load_registry(), _device(device, models)
    options = list(_options(registry, models, where, precision, runtime))
    if before and (earlier := Placement(where, before[1], before[0])) in options:  # type: ignore[arg-type]
        return earlier
    fallback = _fallback(registry, models, where, precision, runtime)
    if len(options) < 2:
        return options[0] if options else fallback
    measures = _Measures(registry, models, where)
    if USUAL in options and not measures.known(USUAL) and _bytes(models) <= LARGEST:
        measures.extend([USUAL], CHECKED, 1)
    agreeing = [one for one in options if measures.known(one) and measures.error(one) <= TOLERANCE]
    return min(agreeing, key=lambda one: measures.seconds(one, films), default=fallback)


def _bytes(models: Sequence[Model]) -> int:
    return sum(array.nbytes for model in models for array in model.tensors.values())


def compare(model: Model, *, device: str = AUTO, precision: str = AUTO, runtime: str = AUTO) -> None:
    """Time every way to compute a model that was not excluded, and remember it for `choose`.

    What takes long to set up is left out unless ``runtime`` names it. Raises: as `choose`.
    """
    registry, where = load_registry(), _device(device, [model])
    options = [
        one
        for one in _options(registry, [model], where, precision, runtime)
        if runtime != AUTO or registry.runtime(one.runtime).setup_seconds <= QUICK_SECONDS
    ]
    for one in options:
        with contextlib.suppress(Exception):  # what it cannot do is noted when it is measured
            load_predictor(model, one)  # imports what it needs, and has the graph kept
    _Measures(registry, [model], where).extend(options, FILMS, ROUNDS)


def _device(device: str, models: Sequence[Model]) -> str:
    """Resolve ``auto``: the CPU for models that are graphs; without torch where nothing points to a GPU."""
    alone = sys.platform == "linux" and not any(map(os.path.exists, GPU_SIGNS))
    if device == "cpu" or (device == AUTO and (alone or any(model.graph for model in models))):
        return "cpu"
    from xrayscan.network.device import place

    return place(device, "fp32").device


def _options(
    registry: Registry, models: Sequence[Model], device: str, precision: str, runtime: str
) -> Iterator[Placement]:
    """Every way to compute that was not excluded. Raises: UsageError where that leaves a runtime asked for out."""
    if runtime != AUTO:
        registry.runtime(runtime)
    for name in registry.runtimes if runtime == AUTO else (runtime,):
        one = registry.runtime(name)
        why = why_missing(one, Placement(device)) or _unfit(registry, models, name)
        if why and runtime != AUTO:
            raise UsageError(f"--runtime {name}: {why}")
        for known in () if why else one.precisions(device):
            if precision in (AUTO, known):
                yield Placement(device, known, name)


def _unfit(registry: Registry, models: Sequence[Model], name: str) -> str | None:
    """Why a runtime cannot compute these models; None if it can."""
    for model in models:
        if model.graph:
            if model.graph_format not in registry.runtime(name).graphs:
                return f"{model.card.name} is a graph ({model.graph_format}), which it does not take"
        elif name != EAGER and not isinstance(registry.backend(model.card.backend), TakesRuntimes):
            return f"backend {model.card.backend} of {model.card.name} computes by itself"
    return None


def _fallback(registry: Registry, models: Sequence[Model], device: str, precision: str, runtime: str) -> Placement:
    """What computes while nothing is known. Raises: UsageError for a precision that the hardware does not have."""
    exact: Precision = "fp32"
    if precision not in (AUTO, exact):
        from xrayscan.network.device import place

        exact = place(device, precision).precision
    if runtime == AUTO:
        runtime = reference(registry, models, device)
    return Placement(device, exact, runtime)


def reference(registry: Registry, models: Sequence[Model], device: str) -> str:
    """The runtime that the others are held against: torch, or the first that can, where a model is a graph.

    Raises: UsageError where none can.
    """
    usable = (name for name, one in registry.runtimes.items() if not why_missing(one, Placement(device)))
    for name in (EAGER, *usable):
        if not _unfit(registry, models, name):
            return name
    kind = models[0].graph_format
    takers = (
        f"{name}: {why_missing(one, Placement(device))}"
        for name, one in registry.runtimes.items()
        if kind in one.graphs
    )
    raise UsageError(f"a model that is a graph ({kind}) needs a runtime on the CPU; {'; '.join(takers)}")


class _Measures:
    """What is known of the ways to compute some models together."""

    def __init__(self, registry: Registry, models: Sequence[Model], device: str) -> None:
        self._registry, self._models = registry, models
        self._standard = Placement(device, "fp32", reference(registry, models, device))
        self._memories = [Memory.of(f"{model.fingerprint} {device}") for model in models]

    def known(self, option: Placement) -> bool:
        """Whether it was measured for all models."""
        return all(_name(option) in memory.measured for memory in self._memories)

    def error(self, option: Placement) -> float:
        """The largest difference to the standard."""
        return max(memory.measured[_name(option)].error for memory in self._memories)

    def seconds(self, option: Placement, films: int) -> float:
        """What scoring so many films takes on one core, until the last of them."""
        found = [memory.measured[_name(option)] for memory in self._memories]
        starts = 0.0 if self._registry.runtime(option.runtime).graphs else TORCH_SECONDS
        return starts + sum(one.setup + films * one.per_film for one in found)

    def extend(self, options: Sequence[Placement], films: int, rounds: int) -> None:
        """Measure these ways on so many films, so often, and remember what was found."""
        for model, memory in zip(self._models, self._memories, strict=True):
            memory.measured |= measure(model, self._standard, options, films, rounds)
            memory.save()


def measure(
    model: Model, standard: Placement, options: Sequence[Placement], films: int = FILMS, rounds: int = ROUNDS
) -> dict[str, Measured]:
    """Time ways to compute a model on drawn films, one batch on one core, and hold them against the standard.

    One that fails, or answers otherwise where a film has another place in the batch, is noted as infinitely wrong.
    The standard itself fails as the model does.
    """
    pixels = drawn_films(model.card.input.side)[:films]
    wanted = answers(load_predictor(model, standard), pixels)
    found: dict[str, Measured] = {}
    for option in options:
        try:
            found[_name(option)] = _measured(model, option, pixels, wanted, rounds)
        except MemoryError:
            raise
        except Exception:  # what an engine cannot do of a network, it says in its own way
            found[_name(option)] = Measured(0.0, 0.0, math.inf)
    return found


def _measured(model: Model, option: Placement, pixels: Pixels, wanted: Any, rounds: int) -> Measured:
    from xrayscan.network.device import one_thread_each

    started = time.perf_counter()
    predictor = load_predictor(model, option)
    given = answers(predictor, pixels)
    setup = time.perf_counter() - started
    restore = one_thread_each(option)
    try:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            turned = answers(predictor, pixels[::-1])[:, ::-1]
            times.append((time.perf_counter() - started) / len(pixels))
    finally:
        restore()
    alone = np.array_equal(turned, given)
    return Measured(setup, min(times), difference(given, wanted, model.card.calibration.slope) if alone else math.inf)


def answers(predictor: Any, pixels: Pixels) -> Any:
    """Logits and unlikeness (2, B); no unlikeness is 0."""
    if isinstance(predictor, KnowsUnlike):
        return np.stack(predictor.predict_with_unlikeness(pixels))
    logits = predictor.predict(pixels)
    return np.stack([logits, np.zeros_like(logits)])


def difference(given: Any, wanted: Any, slope: float) -> float:
    """How far two answers (2, B) lie apart: in the probability that a film at one half would have, or in unlikeness."""
    if not np.isfinite(given).all():
        return math.inf
    logits, unlikeness = np.abs(np.asarray(given, np.float64) - wanted).max(1)
    return float(max(logits * slope / 4, unlikeness))  # 1 / 4: the sigmoid's steepest slope


def _name(option: Placement) -> str:
    return f"{option.runtime} {option.precision}"

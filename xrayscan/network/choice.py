"""Which runtime computes a scan, and how exactly: the fastest that agrees with torch in fp32, if looking pays.

Nothing here imports torch before it has to: a choice that is remembered may need none.
"""

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
from xrayscan.runtime.films import drawn_films
from xrayscan.runtime.interface import EAGER
from xrayscan.runtime.memory import Measured, Memory

AUTO = "auto"
# Of a probability, on drawn films. Real ones drive a network further: bf16 was wrong by 0.009 (OpenVINO) and 0.013
# (torch) on drawn films, by 0.036 and 0.049 on 256 real ones. A tenth of what is promised leaves room for that.
TOLERANCE = 0.001
ROUNDS = 3  # of all films, the fastest of which counts
MEASURE_SECONDS = 1.0  # beside setting up: what measuring takes
HOPED = 0.5  # the share of the time a film takes that something faster may save
ASSUMED = {"cpu": 6e-3}  # s per film where nothing was measured yet; elsewhere:
ASSUMED_GPU = 2e-4
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
    """Decide where, how exactly and by what models compute about ``films`` films.

    What is asked for holds. Of what is left to choose, only ways that agree with torch in fp32 on drawn films are
    taken: no logit of them differs by more than what would move a probability of one half by 0.001, and no unlikeness
    by more than 0.001, so that real films stay within 0.01. The fastest of them counts, its set-up included.
    Measuring takes seconds: it is done once that many films were scored, in this scan and those before, that it may
    pay; until then, torch computes in fp32.
    ``before``: runtime and precision of a scan that goes on, which are taken again where they can be had.

    Raises: UsageError for a device, precision or runtime that is not there; as the models' backends do.
    """
    registry, where = load_registry(), _device(device)
    options = list(_options(registry, models, where, precision, runtime))
    if before and (usual := Placement(where, before[1], before[0])) in options:  # type: ignore[arg-type]
        return usual
    fallback = _fallback(registry, models, where, precision, runtime)
    if len(options) < 2:
        return options[0] if options else fallback
    measures = _Measures(registry, models, where)
    measures.extend(options, films)
    agreeing = [one for one in options if measures.known(one) and measures.error(one) <= TOLERANCE]
    return min(agreeing, key=lambda one: measures.seconds(one, films), default=fallback)


def _device(device: str) -> str:
    """Resolve ``auto``; without torch where nothing points to a GPU."""
    alone = device == AUTO and sys.platform == "linux" and not any(map(os.path.exists, GPU_SIGNS))
    if device == "cpu" or alone:
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
        why = one.missing(Placement(device)) or _unfit(registry, models, name)
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
    usable = (name for name, one in registry.runtimes.items() if not one.missing(Placement(device)))
    for name in (EAGER, *usable):
        if not _unfit(registry, models, name):
            return name
    extra = models[0].graph_format
    raise UsageError(f"a model that is a graph needs a runtime on the CPU: pip install 'xrayscan[{extra}]'")


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

    def extend(self, options: Sequence[Placement], films: int) -> None:
        """Measure those not known yet whose measuring may pay; else note that so many films more were scored."""
        unknown = [one for one in options if not self.known(one)]
        if not unknown:
            return
        expected = films + min(memory.films for memory in self._memories)
        worth = self._worth(unknown, expected * self._saving(options))
        if worth and not self.known(self._standard) and self._standard not in worth:
            worth.insert(0, self._standard)
        for model, memory in zip(self._models, self._memories, strict=True):
            if worth:
                memory.measured |= measure(model, self._standard, worth)
            memory.films = expected
            memory.save()

    def _worth(self, unknown: Sequence[Placement], seconds: float) -> list[Placement]:
        """What may be measured for so many seconds, the cheapest first."""
        worth = []
        for one in sorted(unknown, key=self._cost):
            seconds -= self._cost(one)
            worth += [one] if seconds > 0 else []
        return worth

    def _saving(self, options: Sequence[Placement]) -> float:
        """Seconds per film that something faster than the best known way may save."""
        known = [one for one in options if self.known(one) and self.error(one) <= TOLERANCE]
        assumed = len(self._models) * ASSUMED.get(self._standard.device, ASSUMED_GPU)
        return HOPED * min((self.seconds(one, 1) - self.seconds(one, 0) for one in known), default=assumed)

    def _cost(self, option: Placement) -> float:
        return (self._registry.runtime(option.runtime).setup_seconds + MEASURE_SECONDS) * len(self._models)


def measure(model: Model, standard: Placement, options: Sequence[Placement]) -> dict[str, Measured]:
    """Time ways to compute a model on drawn films, one batch on one core, and hold them against the standard.

    One that fails, or answers otherwise where a film has another place in the batch, is noted as infinitely wrong.
    The standard itself fails as the model does.
    """
    pixels = drawn_films(model.card.input.side)
    wanted = answers(load_predictor(model, standard), pixels)
    found: dict[str, Measured] = {}
    for option in options:
        try:
            found[_name(option)] = _measured(model, option, pixels, wanted)
        except MemoryError:
            raise
        except Exception:  # what an engine cannot do of a network, it says in its own way
            found[_name(option)] = Measured(0.0, 0.0, math.inf)
    return found


def _measured(model: Model, option: Placement, pixels: Pixels, wanted: Any) -> Measured:
    from xrayscan.network.device import one_thread_each

    if load_registry().runtime(option.runtime).graphs and not (model.graph or Memory.of(model.fingerprint).graph()):
        load_predictor(model, option)  # its graph is then kept
    started = time.perf_counter()
    predictor = load_predictor(model, option)
    given = answers(predictor, pixels)
    setup = time.perf_counter() - started
    restore = one_thread_each(option)
    try:
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            answers(predictor, pixels)
            times.append((time.perf_counter() - started) / len(pixels))
    finally:
        restore()
    alone = np.array_equal(answers(predictor, pixels[::-1])[:, ::-1], given)
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

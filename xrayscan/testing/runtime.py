"""A contract that every runtime keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import RuntimeContract

class TestMine(RuntimeContract):
    runtime = "mine"
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import FitSettings, Placement, TrainingParams
from xrayscan.plugin.manager import load_registry
from xrayscan.runtime.films import drawn_films
from xrayscan.runtime.interface import EAGER, Runtime
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light

TOLERANCE = 1e-3  # of logits in fp32
SMALL = {"side": 33, "width": 4, "blocks": 1}


@dataclass(frozen=True)
class RuntimeSubject:
    """A runtime under test, and a small network in it and in torch."""

    runtime: Runtime
    load: Callable[[str], Any]  # the network, computed by the runtime of that name

    @classmethod
    def from_runtime(cls, runtime: Runtime) -> "RuntimeSubject":
        """Take the built-in network, untrained, for the runtime."""
        backend: Any = load_registry().backend("cnn")
        params = backend.params(**SMALL)
        spec, tensors = backend.spec(params), backend.start(params, FitSettings(TrainingParams()))
        load = functools.lru_cache(lambda name: backend.load(params, spec, tensors, Placement(runtime=name)))
        return cls(runtime, load)

    @property
    def films(self) -> npt.NDArray[np.uint8]:
        """Films of the network's size."""
        return drawn_films(SMALL["side"])


def check_registration(subject: RuntimeSubject) -> None:
    """It has all that a runtime has, under a name that may be typed, and computes in fp32 among others."""
    assert_registrable("runtimes", subject.runtime)
    assert "fp32" in subject.runtime.precisions("cpu"), "it does not compute in fp32"
    assert subject.runtime.setup_seconds >= 0, "setting up takes no less than no time"


def check_missing(subject: RuntimeSubject) -> None:
    """It says why it cannot run on a device that nobody has, or that it could."""
    assert subject.runtime.missing(Placement("cpu")) is None, "where its tests run, it should"
    told = subject.runtime.missing(Placement("cuda:99"))
    assert told is None or (told and told == told.strip()), "what is missing is a phrase for people"


def check_equality(subject: RuntimeSubject) -> None:
    """It gives the logits of torch in fp32, and the same features."""
    standard, own = subject.load(EAGER), subject.load(subject.runtime.name)
    layers = standard.gate_layers
    for wanted, given in zip(
        standard.predict_with_features(subject.films, layers),
        own.predict_with_features(subject.films, layers),
        strict=True,
    ):
        found = given.shape, given.dtype.name
        assert found == (wanted.shape, "float32"), f"it gives {found}"
        assert np.allclose(given, wanted, TOLERANCE, TOLERANCE), "it differs from torch in fp32"


def check_rows(subject: RuntimeSubject) -> None:
    """A film's logit depends on that film alone, for any number of films."""
    own, films = subject.load(subject.runtime.name), subject.films
    together = own.predict(films)
    alone = np.concatenate([own.predict(films[at : at + 1]) for at in range(3)])
    assert np.allclose(alone, together[:3], TOLERANCE, TOLERANCE), "alone and in a batch, a film gets different logits"
    assert np.allclose(own.predict(films[::-1])[::-1], together, TOLERANCE, TOLERANCE), "in another order, other logits"


def check_determinism(subject: RuntimeSubject) -> None:
    """Asked twice, it answers the same to the last bit, and leaves what it was given as it is."""
    own, films = subject.load(subject.runtime.name), subject.films
    before = films.copy()
    assert np.array_equal(own.predict(films), own.predict(films)), "asked twice, it answers otherwise"
    assert np.array_equal(films, before), "it changed the pixels it was given"


def check_threads(subject: RuntimeSubject) -> None:
    """Several threads may call it at the same time."""
    from concurrent.futures import ThreadPoolExecutor

    own, films = subject.load(subject.runtime.name), subject.films
    wanted = own.predict(films)
    with ThreadPoolExecutor(4) as pool:
        for given in pool.map(own.predict, [films] * 8):
            assert np.array_equal(given, wanted), "asked from several threads, it answers otherwise"


check_light_registration = light("runtimes", attrgetter("runtime"))

CLAUSES = clauses_of(__name__)


class RuntimeContract(Contract):
    """Subclass this in a test module, name the runtime, and pytest runs one test per clause."""

    runtime: str  # as registered
    edge, clauses = "runtimes", CLAUSES

    @classmethod
    def subject(cls) -> RuntimeSubject:
        """The runtime, and a small network."""
        return RuntimeSubject.from_runtime(super().subject())

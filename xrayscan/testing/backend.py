"""A contract that every backend keeps, as pytest tests that a plugin runs against itself.

    from xrayscan.testing import BackendContract

    class TestTiny(BackendContract):
        backend = "tiny"
        parameters = {"side": 32}

pytest then runs one test per clause. Give the parameters that make the backend small: every clause fits in seconds.
"""

import dataclasses
import functools
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.errors import ModelError
from xrayscan.model.backend import Backend, Films, FitSettings, Placement, Predictor, Tensors, TrainingParams
from xrayscan.model.calibration import Calibration
from xrayscan.model.card import ModelCard, OperatingPoint
from xrayscan.model.file import load_model, save_model
from xrayscan.model.input_spec import InputSpec
from xrayscan.model.parameters import parse
from xrayscan.model.provenance import Provenance, split_tensors
from xrayscan.plugin.manager import load_registry
from xrayscan.scanning.local_engine import read
from xrayscan.testing.contract import Contract, clauses_of, light, refuses

FILMS = 32
TOLERANCE = 1e-4  # logits: matrix products of another shape round otherwise
QUICK = TrainingParams(epochs=1, batch_size=8, augment="none")


@dataclass(frozen=True)
class Subject:
    """A backend under test, fitted once on films that anybody can tell apart."""

    backend: Backend
    params: Any
    spec: InputSpec
    films: Films
    tensors: Tensors

    @classmethod
    def from_backend(cls, backend: Backend, parameters: Mapping[str, Any] | None = None) -> "Subject":
        """Fit ``backend`` with ``parameters`` on 32 synthetic films."""
        params = parse(backend.params, parameters or {}, of=f"backend {backend.name}")
        spec = backend.spec(params)
        films = toy_films(spec.side)
        return cls(backend, params, spec, films, _fitted(backend, params, spec, films, FitSettings(QUICK)))

    def load(self) -> Predictor:
        """The fitted model, loaded anew."""
        return self.backend.load(self.params, self.spec, self.tensors, Placement())


def toy_films(side: int, count: int = FILMS) -> Films:
    """Noise (N, S, S); positive films are brighter in their lower half. Arrays are read-only, as always."""
    labels = (np.arange(count) % 2).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 120, (count, side, side))
    noise[:, side // 2 :] += 100 * labels[:, None, None]
    pixels = noise.astype(np.uint8)
    pixels.flags.writeable = labels.flags.writeable = False
    digests = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(count)]  # the same films at any side
    return Films(pixels, labels, Provenance.from_films(digests, np.arange(count, dtype=np.uint64), ()))


def _fitted(backend: Backend, params: Any, spec: InputSpec, films: Films, settings: FitSettings) -> Tensors:
    """What a backend keeps of a training, without the list of films that models it builds on have seen."""
    return split_tensors(backend.fit(params, spec, films, films, settings))[0]


def check_parameters(subject: Subject) -> None:
    """Parameters are a frozen dataclass in which everything has a default, and defaults give a spec."""
    params = subject.backend.params
    assert dataclasses.is_dataclass(params), "params must be a dataclass"
    assert params.__dataclass_params__.frozen, "params must be frozen: @dataclass(frozen=True)"  # type: ignore[attr-defined]
    assert isinstance(subject.backend.spec(params()), InputSpec), "spec(params()) must return an InputSpec"


def check_unknown_parameter(subject: Subject) -> None:
    """A parameter that does not exist is refused."""
    unknown = functools.partial(parse, subject.backend.params, {"no_such_parameter": 1}, of=subject.backend.name)
    refuses(ModelError, unknown, "a parameter that does not exist is taken")


def check_shapes(subject: Subject) -> None:
    """Predict turns (B, S, S) uint8 into (B,) float32, for any B from 1."""
    predictor = subject.load()
    for count in (1, 2, 7):
        logits = predictor.predict(subject.films.pixels[:count])
        assert logits.shape == (count,), f"{count} films gave logits of shape {logits.shape}"
        assert logits.dtype == np.float32, f"logits are {logits.dtype}, not float32"


def check_ranges(subject: Subject) -> None:
    """Logits are finite, also for a black, a white and a checkered film, and not all the same."""
    side = subject.spec.side
    odd = np.stack([np.zeros((side, side)), np.full((side, side), 255), np.indices((side, side)).sum(0) % 2 * 255])
    logits = subject.load().predict(np.concatenate([odd.astype(np.uint8), subject.films.pixels]))
    assert np.isfinite(logits).all(), "a logit is not finite"
    assert np.ptp(logits) > 0, "every film gets the same logit"


def check_order(subject: Subject) -> None:
    """Logits come in the order of the films."""
    predictor, pixels = subject.load(), subject.films.pixels
    order = np.random.default_rng(1).permutation(len(pixels))
    _same(predictor.predict(pixels[order]), predictor.predict(pixels)[order], "in another order, other logits")


def check_batch_independence(subject: Subject) -> None:
    """A film's logit does not depend on its neighbours."""
    predictor, pixels = subject.load(), subject.films.pixels
    alone = np.concatenate([predictor.predict(film[None]) for film in pixels])
    _same(alone, predictor.predict(pixels), "alone and in a batch, a film gets different logits")


def check_read_only(subject: Subject) -> None:
    """Pixels given are not written to."""
    pixels = subject.films.pixels.copy()
    before = pixels.copy()
    subject.load().predict(pixels)
    assert np.array_equal(pixels, before), "predict changed the pixels it was given"


def check_determinism(subject: Subject) -> None:
    """The same seed gives the same model; loaded twice, it says the same, to the last bit."""
    films, first = subject.films, subject.load()
    assert np.array_equal(first.predict(films.pixels), first.predict(films.pixels)), "asked twice, it answers otherwise"
    again = _fitted(subject.backend, subject.params, subject.spec, films, FitSettings(QUICK))
    assert again.keys() == subject.tensors.keys(), "fitted again, other tensors"
    for name, tensor in again.items():
        _same(tensor, subject.tensors[name], f"fitted again with the same seed, {name} differs")


def check_save_and_load(subject: Subject) -> None:
    """What fit returns survives a model file: plain arrays, and the same logits to the last bit."""
    for name, tensor in subject.tensors.items():
        assert isinstance(name, str), f"tensor names are strings, not {name!r}"
        assert isinstance(tensor, np.ndarray), f"tensor {name} is {type(tensor).__name__}, not a NumPy array"
        assert tensor.dtype != object, f"tensor {name} holds Python objects: only numbers can be saved"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        save_model(path, _card(subject), subject.tensors)
        loaded = load_model(path)
        predictor = subject.backend.load(subject.params, subject.spec, loaded.tensors, Placement())
        same = np.array_equal(predictor.predict(subject.films.pixels), subject.load().predict(subject.films.pixels))
        assert same, "after saving and loading, other logits"


def check_foreign_tensors(subject: Subject) -> None:
    """Tensors that do not fit are refused with a ModelError, not loaded in part."""
    names = list(subject.tensors)
    wrong: tuple[Tensors, ...] = ({}, {name: np.zeros((3, 1), np.float32) for name in names})
    for tensors in wrong:
        load = functools.partial(subject.backend.load, subject.params, subject.spec, tensors, Placement())
        refuses(ModelError, load, "tensors that do not fit are loaded")


def check_learning(subject: Subject) -> None:
    """Trained for a while, it ranks films that anybody can tell apart better than chance."""
    from xrayscan.statistics.metrics import auroc

    longer = FitSettings(dataclasses.replace(QUICK, epochs=15, patience=15, learning_rate=3e-3, ema=0.0))
    films = subject.films
    tensors = _fitted(subject.backend, subject.params, subject.spec, films, longer)
    predictor = subject.backend.load(subject.params, subject.spec, tensors, Placement())
    reached = auroc(films.labels, predictor.predict(films.pixels))
    assert reached > 0.8, f"on films with a plain difference it reaches an AUROC of {reached:.2f}"


check_light_registration = light("backends", attrgetter("backend"))


def check_worker(subject: Subject) -> None:
    """The backend is found and describes itself in a worker process of its own."""
    [row] = read([{"path": "", "backend": subject.backend.name}], _described, workers=1)
    assert "reason" not in row, f"in a worker process: {row['reason']}"
    assert row["side"] == subject.backend.spec(subject.backend.params()).side


def _described(row: dict[str, Any]) -> dict[str, Any]:
    try:
        backend = load_registry().backend(row["backend"])
        return row | {"side": backend.spec(backend.params()).side}
    except Exception as error:
        return row | {"reason": f"{type(error).__name__}: {error}"}


def _same(values: npt.NDArray[Any], wanted: npt.NDArray[Any], complaint: str) -> None:
    assert values.shape == wanted.shape, complaint
    assert np.issubdtype(values.dtype, np.number), f"{complaint}: {values.dtype} cannot be compared"
    assert np.allclose(values.astype(np.float64), wanted.astype(np.float64), rtol=TOLERANCE, atol=TOLERANCE), complaint


def _card(subject: Subject) -> ModelCard:
    point = OperatingPoint("balanced", 0.5, 0.5, 0.5, (0.0, 1.0), (0.0, 1.0))
    return ModelCard(
        name="contract",
        backend=subject.backend.name,
        input=subject.spec,
        labels=("NORMAL", "PNEUMONIA"),
        prevalence=0.5,
        calibration=Calibration(),
        operating_points=(point,),
        parameters=dataclasses.asdict(subject.params),
    )


CLAUSES = clauses_of(__name__)


class BackendContract(Contract):
    """Subclass this in a test module, name the backend, and pytest runs one test per clause."""

    backend: str  # as registered
    parameters: Mapping[str, Any] = {}  # that make it small
    edge, clauses = "backends", CLAUSES

    @classmethod
    def subject(cls) -> Subject:
        """The backend, fitted once for all clauses."""
        return Subject.from_backend(load_registry().backend(cls.backend), cls.parameters)

"""What a training run is asked for, what it reads, and what it comes to: data that every part of training shares."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.dataset.cache import CACHE_SIZE
from xrayscan.dataset.decoded import Decoded
from xrayscan.dataset.folder_settings import FolderSettings
from xrayscan.dataset.labelled_folder import LabelledFolder
from xrayscan.dataset.split import Indices
from xrayscan.errors import ModelError
from xrayscan.files.paths import Path
from xrayscan.files.text import counted
from xrayscan.model.backend import Backend, Epoch, Films, FitSettings, TrainingParams
from xrayscan.model.capabilities import HasRecipe, StartsFromWeights, TakesDevices
from xrayscan.model.card import UNNAMED
from xrayscan.model.file import Model
from xrayscan.model.input_spec import InputSpec
from xrayscan.model.parameters import parse_both
from xrayscan.model.provenance import Provenance
from xrayscan.plugin.callback import Listener
from xrayscan.plugin.manager import load_registry
from xrayscan.training.calibrate import Target, calibrated

FAST_EPOCHS = 2


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What to train, and what its card shall say.

    ``parameters`` are the backend's and training's alike, by name; they win over the backend's own recipe, and that
    over ``fit.params``. ``about`` holds licence, citation, intended use, limits. ``cache`` is a folder for decoded
    films. ``resume`` goes on with a run that was cut off, ``overwrite`` replaces one that is finished. ``share``: a
    folder that is made is open as the umask says, not to its owner alone. ``fast_dev_run`` tries the whole path on a
    few films: the model says so.
    """

    backend: str = "cnn"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    folder: FolderSettings = FolderSettings()
    name: str = UNNAMED
    workers: int | None = None
    fit: FitSettings = FitSettings()
    about: Mapping[str, str] = field(default_factory=dict)
    on_film: Callable[[int, int], None] = lambda done, total: None
    on_split: "Callable[[SplitFilms, Sequence[Epoch]], None]" = lambda films, epochs: None  # epochs of an earlier part
    targets: tuple[Target, ...] = ()  # operating points beside the usual ones
    cache: Path | None = None
    cache_size: int = CACHE_SIZE  # bytes
    resume: bool = False
    overwrite: bool = False
    share: bool = False
    fast_dev_run: bool = False
    callbacks: tuple[str, ...] = ()  # by name, beside csv


@dataclass(frozen=True, slots=True)
class SplitFilms:
    """A labelled folder, decoded and divided by patient."""

    folder: LabelledFolder
    decoded: Decoded
    labels: npt.NDArray[np.uint8]  # (N,)
    groups: Indices  # (N,): number of the patient
    training: Indices
    validation: Indices
    warnings: tuple[str, ...] = ()  # sentences: of the folder, and of how it was divided

    def films(self, side: Indices) -> Films:
        """Pixels, labels and identities of one side."""
        return Films(self.decoded.pixels[side], self.labels[side], self.identities(side))

    def identities(self, some: Indices) -> Provenance:
        """Which films these are, and which of them are held out."""
        digests = [self.decoded.digests[n] for n in some]
        keys = [self.decoded.films[n].patient_key for n in some]
        return Provenance.from_films(digests, self.decoded.hashes[some], keys, np.isin(some, self.validation))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be trained, checked before any film is read."""

    backend: Backend
    params: Any
    training: TrainingParams
    spec: InputSpec
    weights: str  # that training starts with
    listeners: Mapping[str, Listener] = field(default_factory=dict)  # to its epochs, by the callback's name

    @classmethod
    def from_settings(cls, settings: TrainSettings) -> "Plan":
        """Raises: ModelError for an unknown backend, an unknown parameter or a value that it does not take; UsageError
        for an unknown callback or one that cannot be had.
        """
        registry = load_registry()
        backend = registry.backend(settings.backend)
        own = backend.recipe if isinstance(backend, HasRecipe) else {}
        given = {**dataclasses.asdict(settings.fit.params), **own, **settings.parameters}
        if settings.fast_dev_run:
            given["epochs"] = FAST_EPOCHS
        starts = backend if isinstance(backend, StartsFromWeights) and backend.takes_weights else None
        weights = settings.fit.weights or (starts.starts_with if starts else "none")
        if weights != "none" and not starts:
            raise ModelError(f"backend {backend.name} starts from no weights of others: leave out --weights")
        params, training = parse_both(backend.params, TrainingParams, given, of=f"backend {backend.name}")
        if settings.fit.ranks.size > 1 and not isinstance(backend, TakesDevices):
            raise ModelError(f"backend {backend.name} trains no network on several devices: leave out --devices")
        listeners = {name: registry.callback(name).load() for name in dict.fromkeys(("csv", *settings.callbacks))}
        spec: Any = backend.spec(params)
        if not isinstance(spec, InputSpec):
            raise ModelError(f"backend {backend.name}: its spec() returns {type(spec).__name__}, not an InputSpec")
        return cls(backend, params, training, spec, weights, listeners)

    def values(self) -> dict[str, Any]:
        """Every parameter by name."""
        return {**dataclasses.asdict(self.params), **dataclasses.asdict(self.training)}


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training run came to: the model as written, its films, its epochs and its files."""

    model: Model
    films: SplitFilms
    epochs: tuple[Epoch, ...]
    logits: npt.NDArray[np.float32]  # of the validation films
    files: tuple[str, ...]

    def __repr__(self) -> str:
        reached = f"AUROC {self.model.card.metrics['auroc']:.3f} on {counted(len(self.logits), 'validation film')}"
        return f"<{type(self).__name__} {self.model.path!r}: {reached}>"


def validation_probabilities(trained: Trained) -> tuple[Any, Any]:
    """Labels (N,) and calibrated probabilities (N,) of the validation films."""

    return trained.films.labels[trained.films.validation], calibrated(trained.model.card.calibration, trained.logits)

"""Train a model on a labelled folder: split by patient, fit, calibrate, measure, and write one model file."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.backend import Films, FitSettings, Pixels, Predictor, Tensors
from xrayscan.card import InputSpec, ModelCard
from xrayscan.errors import OutputError
from xrayscan.modelfile import FILE_NAME, Model, load_model, save_model
from xrayscan.parameters import parse
from xrayscan.readers import default_workers
from xrayscan.registry import load_registry
from xrayscan.training.films import Decoded, decode_films
from xrayscan.training.labelled import LabelledFolder, read_folder
from xrayscan.training.measure import measure
from xrayscan.training.split import Indices, patient_groups, split

VALIDATION_SHARE = 0.2
PREDICT_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What to train, and what its card shall say: ``about`` holds licence, citation, intended use, limits."""

    backend: str = "cnn"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    positive: str = "PNEUMONIA"
    name: str = "model"
    workers: int | None = None
    fit: FitSettings = FitSettings()
    about: Mapping[str, str] = field(default_factory=dict)
    on_film: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True, slots=True)
class SplitFilms:
    """A labelled folder, decoded and divided by patient."""

    folder: LabelledFolder
    decoded: Decoded
    labels: npt.NDArray[np.uint8]  # (N,)
    groups: Indices  # (N,): number of the patient
    training: Indices
    validation: Indices

    def films(self, side: Indices) -> Films:
        """Pixels and labels of one side."""
        return Films(self.decoded.pixels[side], self.labels[side])


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training run came to: the model as written, the films it was made from, and how the split fell."""

    model: Model
    films: SplitFilms


def train(directory: str, out: str, settings: TrainSettings = TrainSettings()) -> Trained:
    """Train on ``directory/<LABEL>/…`` and write ``out/model.safetensors``.

    Validation films (20 % of the patients) steer early stopping, then calibrate and are measured; the weights never
    see them.
    Raises: InputError for a folder that cannot be trained on, ModelError for unknown backends or parameters,
    OutputError if ``out`` cannot be written.
    """
    backend = load_registry().backend(settings.backend)
    params = parse(backend.params, settings.parameters, of=f"backend {backend.name}")
    spec = backend.spec(params)
    films = split_films(directory, spec, settings)
    validation = films.films(films.validation)
    tensors = backend.fit(params, spec, films.films(films.training), validation, settings.fit)
    predictor = backend.load(params, spec, tensors, settings.fit.placement)
    logits = predict_logits(predictor, validation.pixels)
    measured = measure(logits, validation.labels, films.groups[films.validation], seed=settings.fit.seed)
    card = ModelCard(
        name=settings.name,
        backend=backend.name,
        parameters=dataclasses.asdict(params),
        input=spec,
        labels=films.folder.labels,
        prevalence=float(validation.labels.mean()),
        calibration=measured.calibration,
        operating_points=measured.operating_points,
        metrics=measured.metrics,
        training=_story(films, settings),
        about=dict(settings.about),
    )
    return Trained(_write(out, card, tensors), films)


def predict_logits(predictor: Predictor, pixels: Pixels) -> npt.NDArray[np.float32]:
    """Raw logits (N,) of pixels (N, S, S), predicted in batches."""
    parts = range(0, len(pixels), PREDICT_AT_ONCE)
    return np.concatenate([predictor.predict(pixels[at : at + PREDICT_AT_ONCE]) for at in parts])


def split_films(directory: str, spec: InputSpec, settings: TrainSettings) -> SplitFilms:
    """Read a labelled folder and divide it by patient. Deterministic for a folder, a seed and a spec."""
    folder = read_folder(directory, positive=settings.positive)
    workers = default_workers() if settings.workers is None else settings.workers
    decoded = decode_films(folder.films, spec, workers=workers, on_film=settings.on_film)
    labels = np.array([film.label for film in decoded.films], np.uint8)
    groups = patient_groups([film.patient for film in decoded.films], decoded.digests)
    return SplitFilms(folder, decoded, labels, groups, *split(labels, groups, VALIDATION_SHARE, settings.fit.seed))


def _story(films: SplitFilms, settings: TrainSettings) -> dict[str, Any]:
    """How the model came about, for its card: enough to repeat the run."""
    fit = settings.fit
    return {
        "films": len(films.training),
        "patients": len(np.unique(films.groups[films.training])),
        "with_finding": int(films.labels[films.training].sum()),
        "unreadable": len(films.decoded.rejected),
        "validation_share": VALIDATION_SHARE,
        "precision": fit.placement.precision,
        "seed": fit.seed,
        **dataclasses.asdict(fit.params),
    }


def _write(out: str, card: ModelCard, tensors: Tensors) -> Model:
    path = os.path.join(out, FILE_NAME)
    try:
        os.makedirs(out, exist_ok=True)
        save_model(path, card, tensors)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}: choose another --out") from error
    return load_model(path)

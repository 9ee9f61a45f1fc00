"""What a model's validation figures are worth when films change: the worst case decides.

    python benchmarks/robustness.py LABELLED_FOLDER [--model default] [--series NORMAL2-IM]

LABELLED_FOLDER is the one that the model was trained on: its validation side is found again from the seed on the card.
Those films are then scored as they are and under changes of exposure, sharpness, noise, cropping and encoding, all at
the model's calibration and its balanced threshold, which are not fitted again.

With --series a second model is trained by the same recipe without the negative films whose names start so, and tested
on them against the validation films with the finding: films of a series that training never saw.
"""

import dataclasses
import io
import os
import tempfile

import numpy as np
from arguments import folder_parser
from PIL import Image

from xrayscan import (
    FitSettings,
    FolderSettings,
    Model,
    TrainingParams,
    TrainSettings,
    load_model,
    load_predictor,
    train,
)
from xrayscan.decode import decode
from xrayscan.decode.resize import preprocess
from xrayscan.model.batches import predict_logits
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.device import place
from xrayscan.statistics.metrics import Resampler, auroc, ece, percentiles, sensitivity, specificity
from xrayscan.training.calibrate import calibrated, cross_fitted
from xrayscan.training.plan import SplitFilms
from xrayscan.training.trainer import split_films

RNG = np.random.default_rng(0)


def zoomed(film: np.ndarray, factor: float) -> np.ndarray:
    """The film at ``factor`` times its size, centred in black."""
    rows, columns = film.shape
    small = Image.fromarray(film).resize((round(columns * factor), round(rows * factor)), Image.Resampling.BILINEAR)
    canvas = Image.new("F", (columns, rows))
    canvas.paste(small, ((columns - small.width) // 2, (rows - small.height) // 2))
    return np.asarray(canvas)


def blurred(film: np.ndarray, sigma: float) -> np.ndarray:
    """The film under a Gaussian of ``sigma`` pixels."""
    taps = np.exp(-0.5 * (np.arange(-6, 7) / sigma) ** 2)
    taps /= taps.sum()
    for axis in (0, 1):
        film = np.apply_along_axis(lambda line: np.convolve(np.pad(line, 6, "edge"), taps, "valid"), axis, film)
    return film


def cropped(film: np.ndarray, share: float) -> np.ndarray:
    """The film without ``share`` of its height and width on each side."""
    rows, columns = (round(n * share) for n in film.shape)
    return film[rows : len(film) - rows, columns : film.shape[1] - columns]


def re_encoded(film: np.ndarray, quality: int) -> np.ndarray:
    """The film after one more JPEG compression."""
    stream = io.BytesIO()
    Image.fromarray((film * 255).round().astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), np.float32) / 255


CHANGES = {
    "as they are": lambda film: film,
    "gamma 0.6": lambda film: film**0.6,
    "gamma 1.6": lambda film: film**1.6,
    "contrast x 0.6": lambda film: (film - 0.5) * 0.6 + 0.5,
    "contrast x 1.5": lambda film: (film - 0.5) * 1.5 + 0.5,
    "blur, sigma 1.5 px of 224": lambda film: blurred(film, 1.5 * len(film) / 224),
    "noise, sigma 0.05": lambda film: film + RNG.normal(0, 0.05, film.shape),
    "10 % cropped off each side": lambda film: cropped(film, 0.1),
    "85 % of the size, black border": lambda film: zoomed(film, 0.85),
    "JPEG quality 30": lambda film: re_encoded(film, 30),
}


def report(name: str, model: Model, logits: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> None:
    """Print one line of figures at the model's own calibration and balanced threshold."""
    probabilities = calibrated(model.card.calibration, logits)
    threshold = model.card.operating_point("balanced").threshold
    low, high = percentiles(Resampler.from_patients(groups).aurocs(labels, logits))
    figures = f"{auroc(labels, logits):8.4f} ({low:.4f}-{high:.4f})"
    for metric in (sensitivity, specificity):
        figures += f"{metric(labels, probabilities, threshold):13.3f}"
    print(f"{name:32}{figures}{ece(labels, probabilities):8.3f}", flush=True)


def settings_of(model: Model) -> TrainSettings:
    """The settings that the card says the model was trained with."""
    story = model.card.training
    names = {field.name for field in dataclasses.fields(TrainingParams)} & set(story)
    params = TrainingParams(**{name: story[name] for name in names})
    fit = FitSettings(seed=story["seed"], params=params, placement=place())
    return TrainSettings(model.card.backend, model.card.parameters, FolderSettings(model.card.labels[1]), fit=fit)


def changed_pixels(paths: list[str], change, spec: InputSpec) -> np.ndarray:
    """Decode films, change them, and bring them to the model's size: (N, S, S)."""
    pixels = []
    for path in paths:
        with open(path, "rb") as file:
            film = decode(file.read(), at_least=spec.side).brightness
        pixels.append(preprocess(np.clip(change(film), 0, 1).astype(np.float32), spec))
    return np.stack(pixels)


def under_changes(model: Model, films: SplitFilms) -> None:
    """Print the figures of the validation films as they are and under each change."""
    side, spec, placement = films.validation, model.card.input, place()
    labels, groups = films.labels[side], np.unique(films.groups[side], return_inverse=True)[1]
    paths = [films.decoded.films[index].path for index in side]
    predictor = load_predictor(model, placement)
    for name, change in CHANGES.items():
        logits = predict_logits(predictor, changed_pixels(paths, change, spec))
        report(name, model, logits, labels, groups)
        if name == "as they are":
            held_out = cross_fitted(logits, labels, groups, model.card.training["seed"])
            print(f"{'':32}ECE with cross-fitted calibration {ece(labels, held_out):.4f}")


def unseen_series(model: Model, films: SplitFilms, directory: str, series: str) -> None:
    """Train by the same recipe without the negatives of one series, and test on them."""
    positive = model.card.labels[1]
    with tempfile.TemporaryDirectory() as folder:
        for label in model.card.labels:
            os.mkdir(os.path.join(folder, label))
            for name in os.listdir(os.path.join(directory, label)):
                if label == positive or not name.startswith(series):
                    os.symlink(os.path.abspath(os.path.join(directory, label, name)), os.path.join(folder, label, name))
        other = train(folder, os.path.join(folder, "run"), settings_of(model))
    predictor = load_predictor(other.model, place())
    side = other.films.validation[other.films.labels[other.films.validation] == 1]
    unseen = [n for n, film in enumerate(films.decoded.films) if os.path.basename(film.path).startswith(series)]
    pixels = np.concatenate([other.films.decoded.pixels[side], films.decoded.pixels[unseen]])
    labels = np.concatenate([np.ones(len(side), int), np.zeros(len(unseen), int)])
    groups = np.concatenate([other.films.groups[side], other.films.groups.max() + 1 + films.groups[unseen]])
    report(f"unseen series {series}", other.model, predict_logits(predictor, pixels), labels, groups)


def main() -> None:
    """Measure and print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--series", help="negatives whose names start so are held out in a second training")
    asked = parser.parse_args()
    model = load_model(asked.model)
    films = split_films(asked.folder, model.card.input, settings_of(model))
    print(f"{model.card.name} ({model.fingerprint[:12]}), {len(films.validation)} validation films")
    print(f"{'films':32}{'AUROC (95 % interval)':>24}{'sensitivity':>13}{'specificity':>13}{'ECE':>8}")
    under_changes(model, films)
    if asked.series:
        unseen_series(model, films, asked.folder, asked.series)


if __name__ == "__main__":
    main()

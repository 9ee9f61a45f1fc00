"""What calibrating on few films of a shifted set is worth: accuracy and ECE before and after, with intervals.

    python benchmarks/calibrate.py LABELLED_FOLDER [--model default] [--films 50 100 200] [--draws 20]

LABELLED_FOLDER is the one that the model was trained on: its validation side, which no weights were fitted to, is found
again from the seed on the card. Its films are shifted in two ways: cropped by 10 % on each side, and the half of the
patients whose films look most unlike the others' in contrast and brightness (the smaller of two k-means clusters of
mean, spread, skewness and sharpness). Of each shifted set, films of randomly drawn patients calibrate as
`xrayscan calibrate` does, and the films of all other patients measure: so many draws, whose mean and 2.5 and 97.5
percentiles are printed. "Before" is the model as it is, on the same films.
"""

import numpy as np
from arguments import folder_parser
from PIL import Image

from xrayscan import TrainSettings, load_model, load_predictor
from xrayscan.calibration.crossfit import fit_and_judge
from xrayscan.dataset.styles import clusters, standardised
from xrayscan.model.backend import Placement
from xrayscan.model.batches import predict_logits
from xrayscan.model.card import ModelCard
from xrayscan.statistics.metrics import ece
from xrayscan.training.calibrate import calibrated
from xrayscan.training.trainer import split_films

CROP = 0.1  # of each side
FEWEST = 5  # films of either label in a draw


def main() -> None:
    """Shift, draw, calibrate, measure, print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--films", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args()
    model = load_model(options.model)
    split = split_films(options.folder, model.card.input, TrainSettings())
    side = split.validation
    pixels, labels, groups = split.decoded.pixels[side], split.labels[side], split.groups[side]
    predictor = load_predictor(model, Placement())
    print("| films | calibrated on | accuracy before | after | ECE before | after |")
    print("| --- | --- | --- | --- | --- | --- |")
    style = _style_cluster(pixels)
    for name, shifted, of in (
        ("cropped by 10 %", _cropped(pixels), np.ones(len(labels), bool)),
        ("one style cluster", pixels, style),
    ):
        logits = predict_logits(predictor, shifted[of]).astype(np.float64)
        for count in options.films:
            _row(name, count, _drawn(model.card, logits, labels[of], groups[of], count, options.draws))


def _cropped(pixels: np.ndarray) -> np.ndarray:
    cut = round(CROP * pixels.shape[1])
    images = (Image.fromarray(film[cut:-cut, cut:-cut]) for film in pixels)
    return np.stack([np.asarray(image.resize(pixels.shape[1:], Image.Resampling.BILINEAR)) for image in images])


def _style_cluster(pixels: np.ndarray) -> np.ndarray:
    """Which films (N,) belong to the smaller of two clusters of how films look, not of what they show."""
    films = pixels.astype(np.float32) / 255
    mean, spread = films.mean((1, 2)), films.std((1, 2))
    skewness = ((films - mean[:, None, None]) ** 3).mean((1, 2)) / spread**3
    sharpness = abs(np.diff(films, axis=1)).mean((1, 2)) / spread
    looks = np.stack([mean, spread, skewness, sharpness], axis=1)
    cluster = clusters(standardised(looks), 2, seed=0, starts=10)
    return cluster == np.bincount(cluster).argmin()


def _drawn(
    card: ModelCard, logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, count: int, draws: int
) -> np.ndarray:
    """Accuracy before and after, ECE before and after, of every draw: (draws, 4)."""
    rng, found = np.random.default_rng(0), []
    before = calibrated(card.calibration, logits)
    threshold = card.operating_points[0].threshold
    while len(found) < draws:
        order = rng.permutation(np.unique(groups))
        sizes = np.cumsum([np.count_nonzero(groups == group) for group in order])
        some = np.isin(groups, order[: int(np.searchsorted(sizes, count)) + 1])
        if min(np.bincount(labels[some], minlength=2)) < FEWEST:
            continue
        site = fit_and_judge(card, logits[some], labels[some], groups[some], costs=None, seed=0)
        after, rest = calibrated(site.calibration, logits[~some]), labels[~some]
        right = [np.mean((before[~some] >= threshold) == rest), np.mean((after >= site.thresholds["balanced"]) == rest)]
        found.append([*right, ece(rest, before[~some]), ece(rest, after)])
    return np.array(found)


def _row(name: str, count: int, found: np.ndarray) -> None:
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    told = [f"{m:.3f} ({a:.3f}–{b:.3f})" for m, a, b in zip(found.mean(0), low, high, strict=True)]
    print(f"| {name} | {count} films | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()

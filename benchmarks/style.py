"""How a recipe holds up on films of a style that its training did not show, at a reduced scale, in one table.

    python benchmarks/style.py LABELLED_FOLDER [--recipes cnn=6 lite0=1] [--folds contra 0 1 2 3]

Style clusters are k-means of what the early blocks of ImageNet's EfficientNet-Lite0 say of each film (extra ``lite0``).
Fold ``contra`` holds out the normal films of the clusters in which fewer than 15 % are normal (in training, such a
style then always means the finding), with a sixth of the patients with the finding; folds 0 to 3 hold out one of four
styles of each label. Films of a held-out patient never train. ``BACKEND=EPOCHS`` trains one network by the recipe of
the backend for so many passes, ``BACKEND`` the whole recipe. Films are flagged at a raw logit of 0, not calibrated; the
last line tells the slope and intercept with which the logits of all folds, each fold and label counting the same, fit
best.
"""

import argparse
import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from xrayscan import FitSettings, Placement, TrainSettings
from xrayscan.dataset.styles import clusters, standardised
from xrayscan.model.backend import Pixels
from xrayscan.model.batches import Batches, predict_logits
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.device import place
from xrayscan.plugin.manager import load_registry
from xrayscan.statistics.metrics import auroc, ece
from xrayscan.training.plan import Plan, SplitFilms
from xrayscan.training.trainer import split_films

EARLY = ("blocks.0", "blocks.2", "blocks.4")
STYLES, PER_LABEL, RARE = 12, 4, 0.15
STARTS = 10  # of k-means
STYLE_SIDE = 129  # pixels that styles are told from

Places = npt.NDArray[np.bool_]  # (N,): the films held out


def early_features(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Standardised features (N, F) of films (N, S, S): their style rather than their finding."""
    backend = load_registry().backend("lite0")
    params = backend.params(side=pixels.shape[1])
    start = backend.start(params, FitSettings(weights="imagenet"))
    predictor = backend.load(params, backend.spec(params), start, Placement())
    return standardised(Batches().over(lambda part: predictor.predict_with_features(part, EARLY)[1], pixels))


def folds(features: npt.NDArray[np.float64], films: SplitFilms) -> Iterator[tuple[str, Places]]:
    """Name and held-out films of every fold."""
    labels = films.labels
    style = clusters(features, STYLES, seed=0, starts=STARTS)
    rare = [k for k in range(STYLES) if (labels[style == k] == 0).mean() < RARE]
    patients = np.unique(films.groups[labels == 1])
    some = np.random.default_rng(0).choice(patients, len(patients) // 6, replace=False)
    yield "contra", (np.isin(style, rare) & (labels == 0)) | ((labels == 1) & np.isin(films.groups, some))
    quarter = np.empty(len(labels), int)
    for label in (0, 1):
        quarter[labels == label] = clusters(features[labels == label], PER_LABEL, seed=0, starts=STARTS)
    for number in range(PER_LABEL):
        yield str(number), quarter == number


def held_out_logits(recipe: str, films: SplitFilms, out: Places, settings: FitSettings) -> npt.NDArray[np.float32]:
    """Train without the held-out films and their patients, and score the held-out films: (N held out,)."""
    backend, _, epochs = recipe.partition("=")
    parameters = {"epochs": int(epochs), "soup": 1} if epochs else {}
    plan = Plan.from_settings(TrainSettings(backend, parameters=parameters))
    known = np.isin(films.groups, films.groups[out])
    train, validation = (films.films(side[~known[side]]) for side in (films.training, films.validation))
    fit = dataclasses.replace(settings, params=plan.training, weights=plan.weights)
    tensors = plan.backend.fit(plan.params, plan.spec, train, validation, fit)
    return predict_logits(plan.backend.load(plan.params, plan.spec, tensors, fit.placement), films.decoded.pixels[out])


def row(name: str, recipe: str, labels: npt.NDArray[np.uint8], logits: npt.NDArray[np.float32]) -> str:
    """One line of the table."""
    flagged, finding = logits >= 0, labels == 1
    rates = auroc(labels, logits), flagged[finding].mean(), (~flagged[~finding]).mean()
    error = ece(labels, 1 / (1 + np.exp(-logits.astype(np.float64))))
    figures = "  ".join(f"{value:11.3f}" for value in (*rates, error))
    return f"{name:8}  {recipe:12}  {int((~finding).sum()):6}  {int(finding.sum()):7}  {figures}"


def calibration(labels: list[npt.NDArray[np.uint8]], logits: list[npt.NDArray[np.float32]]) -> tuple[float, float]:
    """Slope and intercept that fit held-out films best, one array (N held out,) per fold."""
    weights = [np.where(fold == 1, 1 / max(fold.sum(), 1), 1 / max((1 - fold).sum(), 1)) for fold in labels]
    fitted = LogisticRegression(C=np.inf).fit(
        np.concatenate(logits)[:, None].astype(np.float64), np.concatenate(labels), np.concatenate(weights)
    )
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--recipes", nargs="+", default=["cnn=6", "lite0=1"], help="BACKEND, or BACKEND=EPOCHS")
    parser.add_argument("--folds", nargs="+", default=["contra"])
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    settings = FitSettings(seed=asked.seed, placement=place("auto", asked.precision))
    print("fold      recipe        normal  finding        AUROC  sensitivity  specificity          ECE", flush=True)
    style: SplitFilms | None = None
    for recipe in asked.recipes:
        plan = Plan.from_settings(TrainSettings(recipe.partition("=")[0]))
        films = split_films(asked.folder, plan.spec, TrainSettings())
        style = style or split_films(asked.folder, InputSpec(STYLE_SIDE), TrainSettings())
        told: list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]] = []
        for name, out in folds(early_features(style.decoded.pixels), films):
            if name in asked.folds:
                told.append((films.labels[out], held_out_logits(recipe, films, out, settings)))
                print(row(name, recipe, *told[-1]), flush=True)
        slope, intercept = calibration([labels for labels, _ in told], [logits for _, logits in told])
        print(f"all folds {recipe}: slope {slope:.2f}, intercept {intercept:+.2f}", flush=True)


if __name__ == "__main__":
    main()

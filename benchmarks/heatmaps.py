"""Whether heatmaps tell the truth: does the hottest point lie where the opacity is?

    python benchmarks/heatmaps.py drawn [--patients 1600] [--unseen 400] [--epochs 10]
    python benchmarks/heatmaps.py blended LABELLED_FOLDER [--model default] [--films 200]

``drawn``: the default network is trained on synthetic films (sample_images/film.py) of some patients; on the ill
films of others the hottest point must lie in an opacity. Each patient is drawn ill and healthy, and who is breathless
is left to chance, so that the two films differ in the opacities alone: 64 of 320 pixels away from them nothing does.
"Inside" is counted twice. The mask ends where the heart begins, although lung before and behind the heart is diseased
as well and brightens the film there: so beside it stand the places where the ill film is brighter than the healthy one
by 20 of 255 grey levels or more, which are fewer. The method was chosen on 200 patients that are not tested on.

What was found on those 200, of hottest points in the mask and, after the stroke, where the film is brighter:

    stage 3 where its cells seem to lie, 160 patients, width 16   52 / 50 %
    the same, 800 patients                                        86 / 89 %
    the same, 1600 patients, width 24                             82 / 86 %
    stage 3 where its cells look, 1600 patients, width 24         93 / 98 %
    stages 3 and 4 at every place, the same                       92 / 97 %
    the same, default network, 800 patients                       95 / 95 %
    the same, another seed                                        92 / 95 %

160 patients are too few: the model tells ill from healthy (AUROC 0.999), but what speaks for it is spread over the
film. After that, the maps were put in the wrong place: 8 of 128 pixels too far to the lower right. The fourth stage
adds nothing on drawings, but on real films: alone, the third has its peaks on the same few points of every film, the
grid of the stride behind it. Most of the last misses lie where the opacity brightens the film outside the mask, at
the heart's edge; in models that do worse, the hottest point lies on the spine between opacities of both lungs.

``blended``: normal films from the validation side of the folder that the model was trained on (found again from the
seed on its card) get one soft opacity each, at a place drawn at random in a lung. Counted are the films whose
probability it raised; the heatmap is of the changed film alone, and does not know the film before. Beside chance by
area stand the same films before the change, and the points held against other films' opacities: what a map would reach
that always points to the same part of a lung.

Lungs are found roughly, by brightness and position: of the box that spans 20-68 % of the film's height and 14-40 % or
60-86 % of its width, the darker half of the film blurred by 3 % of its side. The opacity covers a disc of 21 % of the
side as a raised cosine, up to 90 % of the way from the film's own brightness to that of its brightest fifth. A point is
inside where the opacity has at least a quarter of its strength: a disc of 14 % of the side.
"""

import argparse
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter
from robustness import settings_of
from sklearn.metrics import roc_auc_score

from xrayscan import FitSettings, Model, TrainingParams, TrainSettings, load_model, load_predictor, train
from xrayscan.decode import decode
from xrayscan.decode.resize import preprocess
from xrayscan.explain.heatmap import Maps, heatmaps
from xrayscan.model.batches import predict_logits
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.device import place
from xrayscan.statistics.metrics import wilson
from xrayscan.training.calibrate import calibrated
from xrayscan.training.trainer import split_films

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "sample_images"))
from film import draw

RADIUS = 0.21  # of the opacity's whole disc; all lengths in shares of the film's side
INSIDE = RADIUS * 2 / 3  # where a raised cosine has fallen to a quarter
AREA = np.pi * INSIDE**2  # that chance would hit
STRENGTH = 0.9
ROWS, COLUMNS = (0.20, 0.68), ((0.14, 0.40), (0.60, 0.86))  # where lungs lie in a frontal film
BLUR = 0.03
UNSEEN = 2 * 10**6  # the first of the patients that are tested on; those from 10**6 on chose the method
SEEN = 20 / 255  # of the film's range, by which an opacity brightens it where it is plainly seen


def hottest(maps: Maps) -> np.ndarray:
    """The centre of each map's hottest cell (N, 2): row and column in shares of the film."""
    cells = np.array([np.unravel_index(one.argmax(), one.shape) for one in maps])
    return (cells + 0.5) / maps.shape[1:]


def report(what: str, inside: np.ndarray, chance: float) -> None:
    """Print one line: the share of hottest points inside, with its interval, against chance."""
    low, high = wilson(float(inside.mean()), len(inside))
    print(
        f"{what}: inside in {inside.sum()} of {len(inside)} films, {inside.mean():.1%} ({low:.1%}-{high:.1%}); "
        f"chance {chance:.1%}",
        flush=True,
    )


@dataclass(frozen=True)
class Pair:
    """One patient, drawn healthy and ill: the same film but for the opacities. Arrays are (H, W)."""

    paths: tuple[str, str]  # healthy, ill
    mask: np.ndarray  # bool: the opacities, where a lung is seen behind them
    seen: np.ndarray  # bool: where they brighten the film plainly
    kind: str


def draw_pair(job: tuple[str, int]) -> Pair:
    """Draw the patient of a seed into NORMAL and PNEUMONIA of a folder, as PNG."""
    folder, seed = job
    healthy, ill = (
        draw(seed, pneumonia=sick, rows=256, columns=320, breathless=seed % 4 < 2) for sick in (False, True)
    )
    name = f"patient{seed}-1.png"
    paths = os.path.join(folder, "NORMAL", name), os.path.join(folder, "PNEUMONIA", name)
    for path, film in zip(paths, (healthy, ill), strict=True):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Image.fromarray(np.rint(film.brightness * 255).astype(np.uint8)).save(path)
    return Pair(paths, ill.mask, ill.brightness - healthy.brightness > SEEN, ill.opacities[0].kind)


def drawn(patients: int, unseen: int, epochs: int) -> None:
    """Train on synthetic patients, drawn once ill and once healthy, and look for the opacities of others."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor() as pool:
        known, others = (os.path.join(folder, part) for part in ("known", "others"))
        list(pool.map(draw_pair, [(known, seed) for seed in range(patients)], chunksize=8))
        pairs = list(pool.map(draw_pair, [(others, UNSEEN + number) for number in range(unseen)], chunksize=8))
        fit = FitSettings(TrainingParams(epochs=epochs, patience=epochs), placement=place())
        model = train(known, os.path.join(folder, "run"), TrainSettings(fit=fit)).model
        healthy, ill = (read_pixels([pair.paths[sick] for pair in pairs], model.card.input) for sick in (0, 1))
    logits = predict_logits(load_predictor(model, place()), np.concatenate([healthy, ill]))
    auroc = roc_auc_score(np.repeat([0, 1], unseen), logits)
    maps = heatmaps(model, ill, place())
    print(f"trained on {patients} patients, once ill and once healthy; AUROC on {unseen} others {auroc:.4f}")
    print(f"maps of {maps.shape[1]} x {maps.shape[2]} cells")
    report_pairs(hottest(maps), pairs)


def report_pairs(points: np.ndarray, pairs: list[Pair]) -> None:
    """Print how many points (N, 2) lie in their patient's opacities, by both meanings, and by kind."""
    masks, seen = np.stack([pair.mask for pair in pairs]), np.stack([pair.seen for pair in pairs])
    kinds = np.array([pair.kind for pair in pairs])
    report("in the opacity's mask", at(points, masks), float(masks.mean()))
    for kind in np.unique(kinds):
        report(f"  {kind}", at(points, masks)[kinds == kind], float(masks[kinds == kind].mean()))
    report("where the opacity brightens the film", at(points, seen), float(seen.mean()))


def at(points: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Which points (N, 2) lie in the masks (N, H, W) of their films: bool (N,)."""
    rows, columns = (points * masks.shape[1:]).astype(int).T
    return masks[np.arange(len(masks)), rows, columns]


def read_pixels(paths: list[str], spec: InputSpec) -> np.ndarray:
    """Decode films and bring them to the model's size: (N, S, S)."""
    pixels = []
    for path in paths:
        with open(path, "rb") as file:
            pixels.append(preprocess(decode(file.read(), at_least=spec.side).brightness, spec))
    return np.stack(pixels)


def lung(brightness: np.ndarray) -> np.ndarray:
    """Where the film's lungs are, roughly: bool (H, W)."""
    height, width = brightness.shape
    grey = Image.fromarray((brightness * 255).astype(np.uint8))
    blurred = np.asarray(grey.filter(ImageFilter.GaussianBlur(BLUR * (height + width) / 2)), np.float32)
    found = np.zeros(brightness.shape, bool)
    for side in COLUMNS:
        box = np.s_[int(ROWS[0] * height) : int(ROWS[1] * height), int(side[0] * width) : int(side[1] * width)]
        found[box] = blurred[box] <= np.median(blurred[box])
    return found


def blend(brightness: np.ndarray, row: float, column: float) -> np.ndarray:
    """The film with a soft opacity around a place, given in shares of its height and width."""
    rows, columns = (np.arange(n) / n for n in brightness.shape)
    distance = np.hypot(rows[:, None] - row, columns[None, :] - column)
    strength = STRENGTH * np.cos(np.pi / 2 * np.minimum(distance / RADIUS, 1)) ** 2
    bright = max(float(np.quantile(brightness, 0.8)), float(brightness.mean()))
    return (brightness + strength * np.maximum(bright - brightness, 0)).astype(np.float32)


def blended(folder: str, reference: str, count: int) -> None:
    """Blend an opacity into normal validation films, and look for it where it raised the probability."""
    model = load_model(reference)
    before, after, places = blended_films(folder, model, count)
    predictor, calibration = load_predictor(model, place()), model.card.calibration
    old, new = (calibrated(calibration, predict_logits(predictor, pixels)) for pixels in (before, after))
    raised = new > old
    where = places[raised]
    points, healthy = (hottest(heatmaps(model, pixels[raised], place())) for pixels in (after, before))
    gain = np.median((new - old)[raised])
    print(
        f"{len(old)} normal validation films; the opacity raised {raised.sum()} of them, the middle one by {gain:.3f}"
    )
    report("blended opacities", inside(points, where), AREA)
    report("  the same places before blending", inside(healthy, where), AREA)
    others = np.mean([inside(points, np.roll(where, by, 0)).mean() for by in range(1, len(where))])
    print(f"  inside the opacity of another film: {others:.1%}")
    much = (new - old)[raised] > 0.2
    report("  of those raised by more than 0.2", inside(points, where)[much], AREA)


def inside(points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which points (N, 2) lie in the opacity around their place (N, 2): bool (N,)."""
    return np.hypot(*(points - places).T) <= INSIDE


def blended_films(folder: str, model: Model, count: int) -> tuple[np.ndarray, ...]:
    """Films before and after (N, S, S), and the places (N, 2) in shares."""
    films = split_films(folder, model.card.input, settings_of(model))
    normal = films.validation[films.labels[films.validation] == 0]
    rng = np.random.default_rng(1)  # 0 chose the method
    chosen = rng.permutation(normal)[:count]
    before, after, places = [], [], []
    for index in chosen:
        with open(films.decoded.films[index].path, "rb") as file:
            brightness = decode(file.read(), at_least=model.card.input.side).brightness
        at = rng.choice(np.argwhere(lung(brightness)))
        row, column = (at + 0.5) / brightness.shape
        before.append(preprocess(brightness, model.card.input))
        after.append(preprocess(blend(brightness, row, column), model.card.input))
        places.append((row, column))
    return np.stack(before), np.stack(after), np.array(places)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("drawn")
    one.add_argument("--patients", type=int, default=1600, help="that train")
    one.add_argument("--unseen", type=int, default=400, help="patients with pneumonia that are tested on")
    one.add_argument("--epochs", type=int, default=10)
    two = commands.add_parser("blended")
    two.add_argument("folder")
    two.add_argument("--model", default="default")
    two.add_argument("--films", type=int, default=200)
    asked = parser.parse_args()
    if asked.command == "drawn":
        drawn(asked.patients, asked.unseen, asked.epochs)
    else:
        blended(asked.folder, asked.model, asked.films)


if __name__ == "__main__":
    main()

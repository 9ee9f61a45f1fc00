"""What the form in which a film is stored does to its logit: the same films at full size and reduced beforehand.

    python benchmarks/storage.py FULL_SIZE_FOLDER REDUCED_FOLDER [--model default]

Both are labelled folders; files of the same label and name are the same film. The full-size films are scored as a scan
would, and after they went the way of the reduced ones: to 224 x 224 px, then through JPEG at Pillow's quality of 75.
The reduced ones are also scored with one pixel of twenty a grey level off, which nobody sees.
Where the films are training films, what counts is the difference between rows, not the figures themselves.
"""

import argparse
import io
import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan import Model, Placement, load_model, load_predictor
from xrayscan.decode import decode
from xrayscan.decode.resize import preprocess
from xrayscan.statistics.metrics import auroc, sensitivity, specificity
from xrayscan.training.calibrate import calibrated
from xrayscan.training.trainer import predict_logits

SIDE, QUALITY = 224, 75
NUDGED = 0.05  # of the pixels

Film = npt.NDArray[np.float32]  # (H, W) in [0, 1]
Logits = npt.NDArray[np.float32]  # (N,)


def reduced(film: Film) -> Film:
    """The film at 224 x 224 px."""
    return np.asarray(Image.fromarray(film).resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32)


def reduced_and_encoded(film: Film) -> Film:
    """The film at 224 x 224 px, through JPEG."""
    stream = io.BytesIO()
    grey = np.rint(reduced(film).clip(0, 1) * 255).astype(np.uint8)
    Image.fromarray(grey).save(stream, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(stream), np.float32) / np.float32(255)


def nudged(film: Film) -> Film:
    """The film with one pixel of twenty a grey level brighter or darker."""
    chance = np.random.default_rng(0)
    signs = chance.choice([-1, 1], film.shape) * (chance.random(film.shape) < NUDGED)
    return np.asarray(np.clip(film + signs / 255, 0, 1), np.float32)


def logits_of(model: Model, paths: list[str], change: Callable[[Film], Film]) -> Logits:
    """Logits of files that are decoded as a scan would, then changed."""
    pixels = []
    for path in paths:
        with open(path, "rb") as file:
            pixels.append(preprocess(change(decode(file.read(), at_least=SIDE).brightness), model.card.input))
    return predict_logits(load_predictor(model, Placement()), np.stack(pixels))


def row(name: str, model: Model, labels: npt.NDArray[np.intp], logits: Logits, reference: Logits) -> str:
    """One line of the table."""
    probabilities, threshold = (
        calibrated(model.card.calibration, logits),
        model.card.operating_point("balanced").threshold,
    )
    shift = [float((logits - reference)[labels == label].mean()) for label in (0, 1)]
    rates = [metric(labels, probabilities, threshold) for metric in (sensitivity, specificity)]
    return f"{name:28}{auroc(labels, logits):8.4f}{rates[0]:13.3f}{rates[1]:13.3f}{shift[0]:+12.2f}{shift[1]:+12.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("full_size")
    parser.add_argument("reduced")
    parser.add_argument("--model", default="default")
    asked = parser.parse_args()
    model = load_model(asked.model)
    places = [
        (label, os.path.join(folder, name))
        for label, folder in enumerate(model.card.labels)
        for name in sorted(os.listdir(os.path.join(asked.full_size, folder)))
        if os.path.exists(os.path.join(asked.reduced, folder, name))
    ]
    labels = np.array([label for label, _ in places])
    full, small = ([os.path.join(root, place) for _, place in places] for root in (asked.full_size, asked.reduced))
    reference = logits_of(model, small, lambda film: film)
    print(f"{len(labels)} films; logit shifts are means over the films of a label, against the reduced files")
    print(f"{'form':28}{'AUROC':>8}{'sensitivity':>13}{'specificity':>13}", *map("{:>11}".format, model.card.labels))
    print(row("reduced files", model, labels, reference, reference), flush=True)
    moved = abs(logits_of(model, small, nudged) - reference)
    print(
        f"one grey level in one pixel of twenty: {moved.mean():.2f} of a logit, {moved.max():.2f} at most", flush=True
    )
    forms = (("full size", lambda film: film), ("at 224 px", reduced), ("at 224 px, JPEG", reduced_and_encoded))
    for name, change in forms:
        print(row(name, model, labels, logits_of(model, full, change), reference), flush=True)


if __name__ == "__main__":
    main()

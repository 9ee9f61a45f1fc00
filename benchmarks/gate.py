"""What a model's gate flags, kind by kind.

    python benchmarks/gate.py TRAINED_ON [--model default] [--films FOLDER ...] [--foreign FOLDER] [--pictures 60]

TRAINED_ON is the labelled folder that the model was trained on: its validation side is found again from the seed on the
card. Every --films folder is one row. Pictures of every strange kind are made of validation films; scikit-learn's
photographs and pydicom's test images of other modalities follow. With --foreign, films from elsewhere, the gate is
taught again, twice, from --pictures training films and half of those, and judged on the other half: their row is
cross-fitted, though with fewer films than the model's own gate had.
"""

import argparse
import glob
import os
import warnings
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan import Placement, TrainSettings, load_model, load_predictor
from xrayscan.calibration.gate import unlikeness_of
from xrayscan.model.backend import Pixels, Predictor
from xrayscan.model.gate import GatedPredictor
from xrayscan.model.input_spec import InputSpec
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column
from xrayscan.sources.folders import discover
from xrayscan.training.gate import teach_gate
from xrayscan.training.gate_examples import strange
from xrayscan.training.trainer import split_films

FILMS = ("CR", "DX", "RG")  # modalities that may be chest films


def flagged(predictor: Predictor, films: Pixels) -> npt.NDArray[np.bool_]:
    """Which films (N, S, S) the gate flags."""
    assert isinstance(predictor, GatedPredictor), "this model has no gate"
    return unlikeness_of(predictor, films) >= predictor.unlike_from


def films_of(folder: str, spec: InputSpec) -> Pixels:
    """Every film of a folder that can be read, as the network takes it."""
    rows = (prepare({"path": source.path}, specs=(spec,)) for source in discover([folder]))
    return np.stack([row[pixel_column(spec)] for row in rows if pixel_column(spec) in row])


def photographs() -> Iterator[Image.Image]:
    """Scikit-learn's sample pictures, whole and in quarters."""
    from sklearn.datasets import load_sample_images

    for pixels in load_sample_images().images:
        image = Image.fromarray(pixels)
        yield image
        for x in (0, image.width // 2):
            for y in (0, image.height // 2):
                yield image.crop((x, y, x + image.width // 2, y + image.height // 2))


def other_modalities() -> Iterator[Image.Image]:
    """First frames of pydicom's test images that are no radiographs, from their darkest value to their brightest."""
    import pydicom

    installed = os.path.join(os.path.dirname(pydicom.__file__), "data", "test_files", "*.dcm")
    for path in sorted(glob.glob(installed)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                data = pydicom.dcmread(path)
                pixels = data.pixel_array.astype(float)
            except Exception:  # test files are damaged in every way
                continue
        while pixels.ndim > 2:
            pixels = pixels.mean(-1) if pixels.shape[-1] == 3 else pixels[0]
        if data.get("Modality") not in FILMS and min(pixels.shape) > 1 and np.ptp(pixels):
            yield Image.fromarray(np.uint8((pixels - pixels.min()) / np.ptp(pixels) * 255))


def squares(pictures: Iterator[Image.Image], side: int) -> Pixels:
    """Pictures (N, S, S) at the network's size."""
    return np.stack([np.asarray(picture.convert("L").resize((side, side))) for picture in pictures])


def cross_fitted(gated: GatedPredictor, train: Pixels, validation: Pixels, foreign: Pixels) -> npt.NDArray[np.bool_]:
    """Which foreign films (N,) are flagged by a gate that was taught with the other half of them."""
    found, half = np.zeros(len(foreign), bool), np.arange(len(foreign)) * 2 // len(foreign)
    for judged in (0, 1):
        gate = teach_gate(gated, train, validation, seed=0, foreign=foreign[half != judged])
        assert gate, "too few films to teach a gate"
        found[half == judged] = flagged(GatedPredictor(gated, gate), foreign[half == judged])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trained_on")
    parser.add_argument("--model", default="default")
    parser.add_argument("--films", nargs="*", default=[])
    parser.add_argument("--foreign")
    parser.add_argument("--pictures", type=int, default=60)
    asked = parser.parse_args()
    model = load_model(asked.model)
    predictor, spec = load_predictor(model, Placement()), model.card.input
    films = split_films(asked.trained_on, spec, TrainSettings())
    validation = films.decoded.pixels[films.validation]

    def row(name: str, found: npt.NDArray[np.bool_]) -> None:
        print(f"{name:28} {len(found):6} {100 * found.mean():9.1f} %", flush=True)

    print(f"{'what':28} {'number':>6} {'flagged':>11}")
    row("validation films", flagged(predictor, validation))
    for folder in asked.films:
        row(os.path.basename(os.path.normpath(folder)), flagged(predictor, films_of(folder, spec)))
    rng = np.random.default_rng(1)
    some = validation[rng.choice(len(validation), min(asked.pictures, len(validation)), replace=False)]
    for name, pictures in strange(some, rng).items():
        row(name, flagged(predictor, pictures))
    row("photographs", flagged(predictor, squares(photographs(), spec.side)))
    row("CT, MR and others", flagged(predictor, squares(other_modalities(), spec.side)))
    if asked.foreign and isinstance(predictor, GatedPredictor):
        few = [side[rng.permutation(len(side))[: asked.pictures]] for side in (films.training, films.validation)]
        train, held_out = (films.decoded.pixels[side] for side in few)
        foreign = films_of(asked.foreign, spec)
        row(
            f"{os.path.basename(os.path.normpath(asked.foreign))}, cross-fitted",
            cross_fitted(predictor, train, held_out, foreign),
        )


if __name__ == "__main__":
    main()

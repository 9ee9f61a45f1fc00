"""What a model's gate flags, kind by kind.

    python benchmarks/gate.py TRAINED_ON [--model default] [--films FOLDER ...] [--foreign FOLDER] [--pictures 300]

TRAINED_ON is the labelled folder that the model was trained on: its validation side is found again from the seed on the
card. Every --films folder is one row. Pictures of every strange kind are made of so many validation films; photographs
of scikit-learn, of scikit-image where it is installed, and pydicom's test images of other modalities follow. With
--foreign, films from elsewhere, gates are taught anew with a part of these and judge the rest: half of the patients
(a file's name up to "_" is the patient), and each kind of file, which stands for how a source processes its films.
"""

import argparse
import glob
import importlib.util
import os
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan import Placement, TrainSettings, load_model, load_predictor
from xrayscan.calibration.gate import unlikeness_of
from xrayscan.model.backend import Pixels, Predictor
from xrayscan.model.gate import GatedPredictor, ungated
from xrayscan.model.input_spec import InputSpec
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column
from xrayscan.sources.folders import discover
from xrayscan.training.gate import teach_gate
from xrayscan.training.gate_examples import strange
from xrayscan.training.plan import SplitFilms
from xrayscan.training.trainer import split_films

FILMS = ("CR", "DX", "RG")  # modalities that may be chest films

Parts = npt.NDArray[np.intp]  # (N,): which part each film is in


def flagged(predictor: Predictor, films: Pixels) -> npt.NDArray[np.bool_]:
    """Which films (N, S, S) the gate flags."""
    assert isinstance(predictor, GatedPredictor), "this model has no gate"
    return unlikeness_of(predictor, films) >= predictor.unlike_from


def films_of(folder: str, spec: InputSpec) -> tuple[list[str], Pixels]:
    """Paths and pixels of every film of a folder that can be read, as the network takes it."""
    rows = [prepare({"path": source.path}, specs=(spec,)) for source in discover([folder])]
    read = [row for row in rows if pixel_column(spec) in row]
    return [row["path"] for row in read], np.stack([row[pixel_column(spec)] for row in read])


def photographs() -> Iterator[Image.Image]:
    """Sample pictures of scikit-learn, and of scikit-image where it is installed, whole and in quarters."""
    from sklearn.datasets import load_sample_images

    installed = importlib.util.find_spec("skimage")
    folder = os.path.join(os.path.dirname(installed.origin or ""), "data") if installed else ""
    paths = sorted(path for path in glob.glob(os.path.join(folder, "*")) if path.endswith((".png", ".jpg")))
    pictures = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    for image in (*pictures, *map(Image.open, paths if folder else ())):
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


def left_out(gated: GatedPredictor, films: SplitFilms, foreign: Pixels, part: Parts) -> npt.NDArray[np.bool_]:
    """Which foreign films (N,) are flagged by a gate that was taught with those of all other parts (N,)."""
    train, validation = (films.decoded.pixels[side] for side in (films.training, films.validation))
    found, network = np.zeros(len(foreign), bool), ungated(gated)
    for judged in np.unique(part):
        gate = teach_gate(network, train, validation, seed=0, foreign=foreign[part != judged])
        assert gate, "too few films to teach a gate"
        found[part == judged] = flagged(GatedPredictor(network, gate), foreign[part == judged])
    return found


def parts_of(paths: Sequence[str]) -> dict[str, Parts]:
    """Ways to leave films out: by halves of the patients, by kind of file."""
    patients = np.unique([os.path.basename(path).partition("_")[0] for path in paths], return_inverse=True)[1]
    kinds = np.unique([os.path.splitext(path)[1] for path in paths], return_inverse=True)[1]
    return {"other patients": patients % 2, "other processing": kinds}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trained_on")
    parser.add_argument("--model", default="default")
    parser.add_argument("--films", nargs="*", default=[])
    parser.add_argument("--foreign")
    parser.add_argument("--pictures", type=int, default=300)
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
        row(os.path.basename(os.path.normpath(folder)), flagged(predictor, films_of(folder, spec)[1]))
    rng = np.random.default_rng(1)
    some = validation[rng.choice(len(validation), min(asked.pictures, len(validation)), replace=False)]
    for name, pictures in strange(some, rng).items():
        row(name, flagged(predictor, pictures))
    row("photographs", flagged(predictor, squares(photographs(), spec.side)))
    row("CT, MR and others", flagged(predictor, squares(other_modalities(), spec.side)))
    if asked.foreign and isinstance(predictor, GatedPredictor):
        paths, foreign = films_of(asked.foreign, spec)
        for name, part in parts_of(paths).items():
            found = left_out(predictor, films, foreign, part)
            for one in np.unique(part):
                row(f"foreign, {name}, {one + 1}", found[part == one])


if __name__ == "__main__":
    main()

"""One film beside what a model sees of it."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan.decode import Radiograph
from xrayscan.decode.resize import preprocess
from xrayscan.files.atomic import ANOTHER_FILE, atomic_file
from xrayscan.files.own_output import save_png
from xrayscan.model.input_spec import InputSpec
from xrayscan.plugin.sources import read_file
from xrayscan.scanning.prepare import decoded

SIDE = 1024  # pixels of the film's longer side, at most
_GAP = 16  # pixels of grey between the two


def read_film(path: str, spec: InputSpec) -> tuple[Radiograph, Image.Image]:
    """Return a film as it is decoded for a model, and a picture of two halves: all of it, and the model's pixels.

    The model's pixels are enlarged to the film's height, so that each is seen. Raises: DecodeError.
    """
    films = decoded(read_file(path), {spec.side, SIDE})
    return films[spec.side], _beside(films[SIDE].brightness, preprocess(films[spec.side].brightness, spec))


def write_picture(picture: Image.Image, path: str) -> None:
    """Write the picture as a PNG; it replaces an older one in one step. Raises: OutputError."""
    data = png(picture)
    with atomic_file(path, ANOTHER_FILE) as file:
        file.write(data)


def png(picture: Image.Image) -> bytes:
    """The picture as a PNG that says whose it is."""
    data = io.BytesIO()
    save_png(picture, data)
    return data.getvalue()


def _beside(brightness: npt.NDArray[np.float32], pixels: npt.NDArray[np.uint8]) -> Image.Image:
    film = Image.fromarray(np.rint(brightness * 255).astype(np.uint8))
    film.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    model = Image.fromarray(pixels).resize((film.height, film.height), Image.Resampling.NEAREST)
    both = Image.new("L", (film.width + _GAP + model.width, film.height), 128)
    both.paste(film, (0, 0))
    both.paste(model, (film.width + _GAP, 0))
    return both

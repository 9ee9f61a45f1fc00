import io

import numpy as np
import pytest
import torch
from PIL import Image

from xrayscan.network.jpeg_losses import jpeg_losses
from xrayscan.runtime.films import drawn_films


def lost(films, quality):
    images = torch.from_numpy(films.copy()).unsqueeze(1).float() / 255
    return jpeg_losses(images, quality).squeeze(1).numpy() * 255


def saved(film, quality):
    written = io.BytesIO()
    Image.fromarray(film).save(written, "JPEG", quality=quality)
    return np.asarray(Image.open(written), np.float32)


@pytest.mark.parametrize("side", [17, 32, 129])  # with blocks that the film ends in, and without
@pytest.mark.parametrize("quality", [10, 50, 75, 95])
def test_the_losses_are_those_of_a_jpeg_file(side, quality):
    films = drawn_films(side)[:4]
    differences = np.abs(lost(films, quality) - np.stack([saved(film, quality) for film in films]))
    changes = np.abs(lost(films, quality) - films)
    assert differences.mean() < 0.5  # what rounding to whole grey levels explains
    assert changes.mean() > 3 * differences.mean() or quality == 95


def test_what_was_a_jpeg_of_that_quality_stays_as_it_is():
    once = np.rint(lost(drawn_films(64), 75)).astype(np.uint8)
    assert np.abs(lost(once, 75) - once).mean() < 0.5


def test_a_film_loses_the_same_whatever_its_neighbours():
    films = drawn_films(33)
    np.testing.assert_array_equal(lost(films[3:4], 75)[0], lost(films, 75)[3])


def test_the_losses_are_computed_in_full_precision_inside_autocast():
    films = drawn_films(32)[:2]
    with torch.autocast("cpu", torch.bfloat16):
        inside = lost(films, 75)
    np.testing.assert_array_equal(inside, lost(films, 75))

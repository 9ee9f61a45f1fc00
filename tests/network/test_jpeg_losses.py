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
@pytest.mark.parametrize("quality", [10, 50, 75])
def test_what_a_jpeg_file_leaves_out_is_lost(side, quality):
    films = drawn_films(side)[:4]
    files = np.stack([saved(film, quality) for film in films])
    found = lost(films, quality)
    assert np.abs(found - files).mean() < 0.75 * np.abs(films - files).mean()
    assert np.corrcoef((films - found).ravel(), (films - files).ravel())[0, 1] > 0.6


def test_noise_loses_its_detail_and_keeps_it_at_the_highest_quality():
    noise = np.clip(128 + 3 * np.random.default_rng(0).standard_normal((1, 64, 64)), 0, 255).astype(np.uint8)
    assert lost(noise, 50).std() < saved(noise[0], 50).std() < noise.std() / 2
    np.testing.assert_allclose(lost(noise, 100), noise, atol=2)


def test_a_film_that_lost_it_before_loses_little_more():
    once = lost(drawn_films(64), 75)
    assert np.abs(lost(np.rint(once).astype(np.uint8), 75) - once).mean() < 1


def test_one_grey_level_here_and_there_changes_a_film_by_about_as_much():
    film = drawn_films(64)[:1]
    signs = np.random.default_rng(0).choice([-1, 0, 1], film.shape, p=[0.025, 0.95, 0.025])
    other = (film.astype(int) + signs).clip(0, 255).astype(np.uint8)
    changed = np.square(lost(film, 75) - lost(other, 75)).sum()
    assert changed < 4 * np.count_nonzero(film != other)


def test_a_film_loses_the_same_whatever_its_neighbours():
    films = drawn_films(33)
    np.testing.assert_array_equal(lost(films[3:4], 75)[0], lost(films, 75)[3])


def test_the_losses_are_computed_in_full_precision_inside_autocast():
    films = drawn_films(32)[:2]
    with torch.autocast("cpu", torch.bfloat16):
        inside = lost(films, 75)
    np.testing.assert_array_equal(inside, lost(films, 75))

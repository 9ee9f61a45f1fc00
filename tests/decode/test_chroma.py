"""How colourful a picture is: what follows from brightness alone is no colour."""

import numpy as np
from films import film

from xrayscan.decode.chroma import chroma_of

GREY = film(160, 128)


def coloured(red, green, blue):
    return np.stack([np.clip(GREY * factor, 0, 255) for factor in (red, green, blue)], axis=2).astype(np.uint8)


def test_grey_has_none_and_a_tint_hardly_any():
    assert chroma_of(coloured(1, 1, 1)) == 0
    assert chroma_of(coloured(1.0, 0.85, 0.6)) < 0.01
    assert chroma_of(coloured(0.6, 0.8, 1.0)) < 0.01


def test_colours_that_differ_at_the_same_brightness_count():
    halves = coloured(1, 0.4, 0.4)
    halves[:, 64:] = coloured(0.4, 0.4, 1)[:, 64:]
    assert chroma_of(halves) > 0.05


def test_the_depth_makes_no_difference():
    halves = coloured(1, 0.4, 0.4)
    halves[:, 64:] = coloured(0.4, 0.4, 1)[:, 64:]
    assert abs(chroma_of(halves) - chroma_of(halves.astype(np.uint16) * 257, highest=65535)) < 1e-9


def test_a_picture_of_one_pixel_has_a_number():
    assert 0 <= chroma_of(np.full((1, 1, 3), (10, 200, 30), np.uint8)) <= 1

"""The resize policies, and that a reduced decode gives nearly the pixels of a full one."""

import films
import numpy as np
import pytest
from PIL import Image

from xrayscan.decode import decode
from xrayscan.decode.resize import preprocess
from xrayscan.model.input_spec import InputSpec

SIDE = 129  # pixels
FILM = np.float32(films.film(480, 320) / 255)


@pytest.mark.parametrize("resize", ["squash", "letterbox", "crop"])
@pytest.mark.parametrize("shape", [(480, 320), (320, 480), (64, 64), (5, 300), (1, 1)])
def test_pixels_are_a_uint8_square_of_the_side_asked_for(resize, shape):
    pixels = preprocess(np.full(shape, 0.5, np.float32), InputSpec(side=64, resize=resize))
    assert pixels.shape == (64, 64)
    assert pixels.dtype == np.uint8
    assert pixels.max() == 128


def test_a_film_of_the_right_size_is_only_rounded():
    picture = films.film(64, 64)
    np.testing.assert_array_equal(preprocess(np.float32(picture / 255), InputSpec(side=64)), picture)


def test_squash_keeps_all_of_the_film():
    brightness = np.zeros((200, 100), np.float32)
    brightness[:100] = 1
    pixels = preprocess(brightness, InputSpec(side=64))
    assert pixels[:31].min() == 255
    assert pixels[33:].max() == 0


def test_letterbox_keeps_the_aspect_ratio_on_black():
    pixels = preprocess(np.ones((200, 100), np.float32), InputSpec(side=64, resize="letterbox"))
    assert pixels[:, 16:48].min() == 255
    assert pixels[:, :16].max() == pixels[:, 48:].max() == 0


def test_crop_keeps_the_centre_square():
    brightness = np.zeros((200, 100), np.float32)
    brightness[50:150] = 1
    assert preprocess(brightness, InputSpec(side=64, resize="crop")).min() == 255


def test_fine_texture_is_averaged_not_sampled():
    checkers = np.float32(np.indices((640, 640)).sum(0) % 2)
    pixels = preprocess(checkers, InputSpec(side=64))
    assert np.ptp(pixels.astype(int)) <= 2
    assert abs(pixels.mean() - 127.5) < 1


def test_values_outside_the_range_are_clipped():
    assert preprocess(np.full((9, 9), 1.5, np.float32), InputSpec(side=8)).min() == 255


def test_read_only_brightness_is_accepted():
    brightness = FILM.copy()
    brightness.flags.writeable = False
    preprocess(brightness, InputSpec(side=64))


@pytest.mark.parametrize("resize", ["squash", "letterbox", "crop"])
def test_a_reduced_decode_gives_nearly_the_pixels_of_a_full_one(resize):
    data = films.jpeg(films.film(960, 700))
    spec = InputSpec(side=64, resize=resize)
    reduced, full = (preprocess(decode(data, at_least=side).brightness, spec).astype(int) for side in (64, 5000))
    assert np.abs(reduced - full).mean() < 1.5


@pytest.mark.skipif(not films.SHARED_DATA.is_dir(), reason=films.NEEDS_SHARED_DATA)
def test_real_films_change_little_when_decoded_at_a_reduced_scale():
    differences = []
    for path in sorted(films.SHARED_DATA.glob("kermany_fullsize/*/*"))[::10]:
        data, spec = path.read_bytes(), InputSpec(side=224)
        reduced, full = (preprocess(decode(data, at_least=side).brightness, spec).astype(int) for side in (224, 9999))
        differences.append(np.abs(reduced - full).mean())
    assert np.mean(differences) < 1.5


@pytest.mark.parametrize("shape", [(1200, 700), (517, 900), (2001, 40), (515, 515)])
@pytest.mark.parametrize("resize", ["squash", "letterbox"])
def test_a_large_film_whose_rows_are_reduced_first_has_the_pixels_of_pillow(shape, resize):
    brightness = np.random.default_rng(0).random(shape, np.float32)
    height, width = (SIDE, SIDE) if resize == "squash" else (max(1, round(side * SIDE / max(shape))) for side in shape)
    whole = Image.fromarray(brightness).resize((width, height), Image.Resampling.BILINEAR)
    left, upper = (SIDE - width) // 2, (SIDE - height) // 2
    pixels = preprocess(brightness, InputSpec(SIDE, resize=resize))[upper : upper + height, left : left + width]
    np.testing.assert_allclose(pixels, np.asarray(whole) * 255, atol=0.501)

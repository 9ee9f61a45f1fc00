"""What has nothing to see is set aside before any model; what is a film is not."""

import io

import numpy as np
import pytest
from films import dicom, film, jpeg, png
from PIL import Image

from xrayscan import InputSpec
from xrayscan.checks import pixels
from xrayscan.checks.builtin import BUILT_IN
from xrayscan.errors import Code, Status
from xrayscan.scanning.prepare import prepare

SPECS = (InputSpec(32),)
FILM = film(200, 160)
RNG = np.random.default_rng(0)


def prepared(tmp_path, data):
    (tmp_path / "picture").write_bytes(data)
    return prepare({"path": str(tmp_path / "picture")}, specs=SPECS, checks=BUILT_IN)


def grey(level, noise=0.0, shape=(200, 160)):
    return np.clip(level + RNG.normal(0, noise, shape), 0, 255).astype(np.uint8)


def colourful(shape=(200, 160)):
    """Patches of many colours, as in a photograph."""
    patches = RNG.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(patches).resize(shape[::-1], Image.Resampling.BICUBIC))


def tinted(film):
    return np.stack([film * 0.9, film * 0.8, film * 0.6], axis=2).astype(np.uint8)


def marked(film):
    """A grey film with a red arrow on it."""
    colours = np.repeat(film[..., None], 3, axis=2)
    colours[20:26, 30:60] = (255, 0, 0)
    return colours


def page(shape=(200, 160)):
    text = np.full(shape, 255, np.uint8)
    text[20:180:12, 20:140:3] = 0
    return text


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (grey(128), Code.NO_CONTRAST),
        (grey(0), Code.NO_CONTRAST),
        (grey(200, noise=2), Code.NO_CONTRAST),
        (grey(128, noise=40, shape=(40, 300)), Code.TOO_SMALL),
        (page(), Code.SATURATED),
        (colourful(), Code.COLOUR),
    ],
)
def test_nothing_to_see_is_set_aside(tmp_path, picture, code):
    for data in (png(picture), jpeg(picture, quality=95) if code is not Code.SATURATED else png(picture)):
        row = prepared(tmp_path, data)
        assert (row["status"], row["code"]) == (Status.SET_ASIDE, code)
        assert row["rows"] == picture.shape[0]


def test_colour_is_seen_in_every_format_that_has_it(tmp_path):
    for data in (dicom(colourful(), bits=8), png(colourful()), saved(colourful(), "TIFF"), saved(colourful(), "BMP")):
        assert prepared(tmp_path, data)["code"] is Code.COLOUR


def saved(picture, kind):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("picture", [FILM, np.repeat(FILM[..., None], 3, axis=2), tinted(FILM), marked(FILM)])
def test_a_film_is_scored_grey_stored_as_colour_tinted_or_marked(tmp_path, picture):
    for data in (png(picture), jpeg(picture)):
        assert "reason" not in prepared(tmp_path, data)


def test_without_checks_everything_readable_is_prepared(tmp_path):
    (tmp_path / "grey.png").write_bytes(png(grey(128)))
    assert "reason" not in prepare({"path": str(tmp_path / "grey.png")}, specs=SPECS)


@pytest.mark.parametrize("bright", [0.005, 0.0099, 0.0101, 0.012, 0.03, 0.05, 0.3])
@pytest.mark.parametrize("step", [0.079, 0.081, 0.3])
@pytest.mark.parametrize("crowded", [False, True])
def test_contrast_is_that_of_the_whole_picture_however_it_is_found_out(bright, step, crowded):
    """Whether the bright part lies in the rows that are looked at first or is spread over all."""
    sample = np.full((160, 200), 0.4, np.float32)
    places = np.s_[::8] if crowded else np.s_[:]
    part = sample[places].copy()
    part.flat[RNG.choice(part.size, min(part.size, int(bright * sample.size)), replace=False)] += step
    sample[places] = part
    low, high = np.percentile(sample, (1, 99))
    assert (pixels.no_contrast(None, sample) is None) == (high - low >= pixels.LEAST_CONTRAST)

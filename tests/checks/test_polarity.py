"""Inverted films are told by their pixels and turned; where that is in doubt they are only flagged."""

import numpy as np
import pytest
from films import dicom, png
from PIL import Image

from xrayscan import InputSpec
from xrayscan.checks import polarity
from xrayscan.checks.interface import sample_of
from xrayscan.decode import decode
from xrayscan.scanning.prepare import decoded, prepare
from xrayscan.scanning.row import pixel_column

SPEC = InputSpec(64)


@pytest.fixture(scope="module")
def chest(sample_images):
    return np.asarray(Image.open(sample_images / "film-06.png"))


def prepared(tmp_path, data):
    (tmp_path / "film").write_bytes(data)
    row = prepare({"path": str(tmp_path / "film")}, specs=(SPEC,))
    return row[pixel_column(SPEC)].astype(int), row["flags"]


def test_an_inverted_film_is_turned_and_scored_as_the_film(tmp_path, chest):
    upright, flags = prepared(tmp_path, png(chest))
    turned, told = prepared(tmp_path, png(255 - chest))
    assert (flags, told) == ((), (polarity.TURNED,))
    assert abs(upright - turned).max() <= 1


def test_the_rule_is_as_sure_of_a_film_as_of_its_inverse(chest):
    sample = sample_of(np.float32(chest / 255))
    assert polarity.score(sample) == pytest.approx(-polarity.score(1 - sample), abs=1e-3)
    assert polarity.score(sample) > polarity.SURE


def test_a_picture_that_says_nothing_is_flagged_and_left(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (128, 128)).astype(np.uint8)
    upright, flags = prepared(tmp_path, png(noise))
    assert flags == (polarity.DOUBTFUL,)
    assert upright.std() > 0


def test_a_dicom_header_decides_unless_the_pixels_contradict_it_clearly(tmp_path, chest):
    stored = chest.astype(np.uint16) * 16
    for kind, pixels in (("MONOCHROME2", stored), ("MONOCHROME1", 4095 - stored)):
        assert prepared(tmp_path, dicom(pixels, PhotometricInterpretation=kind))[1] == ()
    assert prepared(tmp_path, dicom(4095 - stored))[1] == (polarity.TURNED,)
    faint = np.uint16(2000 + 90 * np.random.default_rng(0).normal(size=(128, 128)))
    assert polarity.DOUBTFUL not in prepared(tmp_path, dicom(faint))[1]


def test_pictures_for_people_are_turned_too(chest):
    film = decoded(png(255 - chest), {chest.shape[0]})[chest.shape[0]]
    assert abs(film.brightness - decode(png(chest), at_least=1).brightness).max() < 1e-6


@pytest.mark.slow
def test_at_least_99_of_100_real_films_are_told_both_ways(real_films):
    for folder in ("kermany_fullsize", "nih_adults"):
        paths = sorted((real_films / folder).glob("*/*"))
        scores = []
        for path in paths:
            brightness = decode(path.read_bytes(), at_least=128).brightness
            scores += [polarity.score(sample_of(brightness)), -polarity.score(sample_of(1 - brightness))]
        assert len(scores) >= 300
        assert np.mean(np.array(scores) > polarity.SURE) >= 0.99


@pytest.mark.parametrize("shape", [(127, 64), (75, 101), (32, 20), (1, 5)])
def test_blocks_are_those_of_pillows_box_filter(shape):
    film = np.random.default_rng(0).random(shape, np.float32)
    expected = np.asarray(Image.fromarray(film).resize((polarity.BLOCKS,) * 2, Image.Resampling.BOX))
    np.testing.assert_allclose(polarity.blocks_of(film), expected, atol=1e-5)

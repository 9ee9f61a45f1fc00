import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xrayscan.dataset.labelled_folder import read_folder
from xrayscan.dataset.perceptual_hash import COPY_BITS, SPEC, hashes, near
from xrayscan.decode import decode
from xrayscan.decode.resize import preprocess

MODEL_SIDE = 128  # films are decoded once, for the model and for the hash


def hashed(data):
    return hashes(preprocess(decode(data, at_least=MODEL_SIDE).brightness, SPEC)[None])


def hashed_files(paths):
    return np.concatenate([hashed(Path(path).read_bytes()) for path in paths])


def encoded(image, kind, **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


@pytest.fixture(scope="module")
def film(sample_images):
    return Image.open(sample_images / "film-01.jpeg").convert("L")


@pytest.mark.parametrize(
    "copy",
    [
        lambda film: encoded(film, "PNG"),
        lambda film: encoded(film, "JPEG", quality=30),
        lambda film: encoded(film.resize((224, 224)), "JPEG", quality=75),
        lambda film: encoded(film.resize((film.width * 2, film.height * 2)), "PNG"),
        lambda film: encoded(film.point(lambda value: value * 0.8 + 20), "PNG"),
    ],
    ids=["PNG", "JPEG of low quality", "squashed to 224 px", "twice the size", "brighter, less contrast"],
)
def test_a_copy_at_another_size_or_encoding_is_near(film, copy):
    assert near(hashed(encoded(film, "JPEG", quality=95)), hashed(copy(film))) == [(0, 0)]


def test_other_films_are_not_near(film, sample_images):
    others = [hashed((sample_images / f"film-0{n}.jpeg").read_bytes()) for n in (2, 3, 4, 5)]
    assert near(hashed(encoded(film, "PNG")), np.concatenate(others)) == []


def test_pairs_within_some_bits_are_those_a_count_of_bits_finds():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2**64, 1500, dtype=np.uint64)  # more than a block
    b = a[::-1][:700] ^ np.uint64(0b1011)
    b[::2] ^= np.uint64(1 << 63)
    expected = [(i, j) for i in range(1400, 1500) for j in range(700) if int(a[i] ^ b[j]).bit_count() <= 3]
    found = near(a, b, 3)
    assert found == sorted(found)
    assert [pair for pair in found if pair[0] >= 1400] == expected
    assert len(expected) == 50


def test_a_hash_is_the_same_for_ever():
    ramp = np.add.outer(np.arange(64) ** 2, 3 * np.arange(64)).astype(np.uint8)[None]
    assert (
        hex(hashes(ramp)[0]) == "0x64157b126d5c67d2"
    )  # model files keep hashes: others of this code would not find them


def test_no_films_have_no_hashes_and_no_pairs():
    none = hashes(np.zeros((0, 64, 64), np.uint8))
    assert none.dtype == np.uint64
    assert near(none, none) == []


@pytest.mark.slow
def test_real_copies_are_near_and_strangers_are_not(real_films):
    small, full = (
        {film.path.rsplit("/", 1)[1]: film.path for film in read_folder(str(real_films / name)).films}
        for name in ("kermany224", "kermany_fullsize")
    )
    names = list(small), list(full)
    found = near(hashed_files(small.values()), hashed_files(full.values()), COPY_BITS)
    pairs = {(names[0][i], names[1][j]) for i, j in found}
    assert sum(one == other for one, other in pairs) >= 145  # of 150
    assert all(one == other for one, other in pairs)

import hashlib

import numpy as np

from xrayscan.evaluation.overlap import overlap
from xrayscan.model.provenance import Provenance


def digest(name):
    return hashlib.sha256(name.encode()).hexdigest()


SEEN = Provenance.from_films(
    [digest("a"), digest("b")], np.array([0xFF00, 0xABCDEF << 20], np.uint64), ["person7_virus", None]
)


def test_a_film_is_known_by_its_bytes_its_picture_or_its_patient():
    found = overlap(
        SEEN,
        [digest(name) for name in ("a", "c", "d", "e")],
        np.array([1 << 50, 0xFF00 ^ 0b11, 1 << 51, 1 << 52], np.uint64),
        ["person8_virus", None, "person7_virus", "person77_virus"],
    )
    assert (found.films, found.by_digest, found.by_hash, found.by_patient) == (3, 1, 1, 1)


def test_a_film_known_by_all_three_counts_once():
    found = overlap(SEEN, [digest("b")], np.array([0xABCDEF << 20], np.uint64), ["person7_virus"])
    assert (found.films, found.by_digest, found.by_hash, found.by_patient) == (1, 1, 1, 1)


def test_pictures_that_differ_in_three_bits_are_strangers():
    assert overlap(SEEN, [digest("x")], np.array([0xFF00 ^ 0b111], np.uint64), [None]).films == 0


def test_the_message_counts_each_way():
    found = overlap(SEEN, [digest("a")] * 1200, np.zeros(1200, np.uint64), [None] * 1200)
    assert str(found) == "1,200 of these films (1,200 by content, 0 by perceptual hash, 0 by patient)"

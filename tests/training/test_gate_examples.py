import numpy as np
from small import film_pixels

from xrayscan.training.gate_examples import KINDS, strange, varied


def test_strange_pictures_and_varied_films_are_those_of_the_seed():
    films = np.stack([film_pixels(seed)[:, :64] for seed in range(4)])
    for make in (varied, lambda some, rng: np.concatenate(list(strange(some, rng).values()))):
        first, again = (make(films, np.random.default_rng(8)) for _ in range(2))
        assert np.array_equal(first, again)
    assert all(pictures.shape == films.shape for pictures in strange(films, np.random.default_rng(8)).values())
    assert set(strange(films, np.random.default_rng(8))) == set(KINDS)

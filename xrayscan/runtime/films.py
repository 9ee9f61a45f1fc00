"""Films on which runtimes are compared: drawn, the same everywhere, and enough like radiographs to use all of a
network's range."""

import functools

import numpy as np

from xrayscan.model.backend import Pixels

FILMS = 32


@functools.cache
def drawn_films(side: int) -> Pixels:
    """Chests (32, S, S) uint8, roughly: dark lungs, a bright spine and heart, ribs, haze in some, and grain."""
    films = np.stack([drawn_film(side, seed) for seed in range(FILMS)])
    films.flags.writeable = False
    return films


def drawn_film(side: int, seed: int) -> Pixels:
    """One of them, (S, S) uint8: the same for the same seed."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:side, :side] / (side - 1) * 2 - 1
    film = 0.75 - 0.25 * across**2 + rng.normal(0, 0.05) * down
    for sign in (-1, 1):
        x, y, wide, high = rng.normal((0.42 * sign, 0.0, 0.32, 0.65), 0.04)
        lung = 1 / (1 + np.exp(12 * (((across - x) / wide) ** 2 + ((down - y) / high) ** 2 - 1)))
        haze = rng.uniform(0, 0.5) * np.exp(-((across - x) ** 2 + (down - rng.uniform(-0.5, 0.5)) ** 2) / 0.1)
        film -= lung * (rng.uniform(0.35, 0.55) - haze)
    film += 0.25 * np.exp(-((across / 0.12) ** 2)) + 0.3 * np.exp(-((across - 0.15) ** 2 + (down - 0.3) ** 2) / 0.08)
    film += 0.04 * np.sin(rng.uniform(18, 26) * (down + 0.4 * across**2) + rng.uniform(0, 6))
    film = film ** rng.uniform(0.6, 1.6) if film.min() > 0 else np.clip(film, 0, 1)
    noisy = film * rng.uniform(0.7, 1.0) + rng.normal(0, 0.02, film.shape)
    return np.asarray(np.rint(np.clip(noisy, 0, 1) * 255), np.uint8)

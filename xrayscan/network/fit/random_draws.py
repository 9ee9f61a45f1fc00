"""What chance decides for every film of an epoch: a function of (seed, epoch, film), not of batch or device."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]
Labels = npt.NDArray[np.integer]

KNOTS = 8  # of the random display curve
COLUMNS = (
    *("flip", "rotation", "shift_x", "shift_y", "scale", "aspect", "shear"),
    *("tone", "gamma", "contrast", "offset", *(f"knot_{n}" for n in range(KNOTS))),
    *("sharpness", "sigma", "direction", "amount"),
    *("noise", "noise_sigma"),
    *("erase", "erase_y", "erase_x", "erase_height", "erase_width", "erase_grey"),
    *("border", "top", "bottom", "left", "right", "border_black", "border_grey"),
)
STYLE_COLUMNS = (
    "partner",  # which other film lends its style
    *("spectrum", "reach", "spectrum_share"),
    *("histogram", "histogram_share"),
    *("frame", "frame_top", "frame_bottom", "frame_left", "frame_right"),
    *("marks", "mark", "mark_ink"),
    "equalise",
    "kin",  # which other film of the same label shows through
    *("blend", "blend_share"),
)
ORDER, CHANGES, NETWORK, STYLE = range(4)  # streams of numbers that must not repeat one another


@dataclass(frozen=True, slots=True)
class RandomDraws:
    """One row of uniform numbers in [0, 1) per film, one column per name."""

    seed: int
    epoch: int
    films: Indices  # (B,): which film each row belongs to
    uniform: Floats  # (B, len(COLUMNS) + len(STYLE_COLUMNS))

    @classmethod
    def from_epoch(cls, seed: int, epoch: int, count: int) -> "RandomDraws":
        """Draw for films 0 to ``count`` - 1. The first n rows are the same for every ``count``."""
        streams = ((CHANGES, COLUMNS), (STYLE, STYLE_COLUMNS))
        parts = [
            np.random.default_rng((seed, epoch, stream)).random((count, len(columns)), np.float32)
            for stream, columns in streams
        ]
        return cls(seed, epoch, np.arange(count), np.hstack(parts))

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, name: str) -> Floats:
        """One column (B, 1)."""
        at = (COLUMNS + STYLE_COLUMNS).index(name)
        return self.uniform[:, at : at + 1]

    def between(self, name: str, low: float, high: float) -> Floats:
        """One column (B, 1) in [low, high)."""
        return self[name] * np.float32(high - low) + np.float32(low)

    def around(self, name: str, half: float) -> Floats:
        """One column (B, 1) in [-half, half)."""
        return self.between(name, -half, half)

    def chosen(self, name: str, probability: float) -> Indices:
        """The rows whose number in this column is below ``probability``."""
        return np.flatnonzero(self[name] < probability)

    def rows(self, chosen: Indices | Sequence[int]) -> "RandomDraws":
        """The draws of some of the rows, in that order."""
        return RandomDraws(self.seed, self.epoch, self.films[chosen], self.uniform[chosen])

    def noise(self, side: int) -> Floats:
        """Standard normal noise (B, 1, side, side)."""
        return np.stack([_field((self.seed, self.epoch, CHANGES, int(film)), side) for film in self.films])


def _field(entropy: tuple[int, ...], side: int) -> Floats:
    return np.random.default_rng(entropy).standard_normal((1, side, side), np.float32)


def order_of(seed: int, epoch: int, count: int) -> Indices:
    """The order in which an epoch takes its films: a permutation of 0 to ``count`` - 1."""
    return np.random.default_rng((seed, epoch, ORDER)).permutation(count)


def balanced_order(seed: int, epoch: int, labels: Labels, batch: int, share: float) -> Indices:
    """The films of an epoch, batch after batch, each with a ``share`` of positive films.

    As many batches as the films fill once; films of the rarer label come more than once, each as often as any other.
    """
    rng, steps = np.random.default_rng((seed, epoch, ORDER)), len(labels) // batch
    with_finding = min(max(round(batch * share), 1), batch - 1)
    counts = ((1, with_finding), (0, batch - with_finding))
    drawn = [_in_turn(rng, np.flatnonzero(labels == label), steps * count) for label, count in counts]
    return np.hstack([films.reshape(steps, -1) for films in drawn]).ravel()


def _in_turn(rng: np.random.Generator, films: Indices, count: int) -> Indices:
    """``count`` films: all of them in some order, then again in another."""
    return np.concatenate([rng.permutation(films) for _ in range(-(-count // len(films)))])[:count]


def network_seed(seed: int, epoch: int) -> int:
    """The seed of what the network itself draws in an epoch, such as dropout."""
    return int(np.random.SeedSequence((seed, epoch, NETWORK)).generate_state(1, np.uint64)[0] >> 1)

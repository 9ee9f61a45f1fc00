"""Trees that fork: the pulmonary vessels, and the open bronchi of a diseased lung."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from solids import Map, Points, Pose
from thorax import Anatomy

RADIUS_BINS = tuple(0.0015 * 2.1**power for power in range(6))  # thorax units: vessels of about the same width


@dataclass(frozen=True, slots=True)
class Twigs:
    """Growing tips of trees that fork: arteries, veins or bronchi."""

    tips: Points  # (N, 2) in thorax units
    angles: npt.NDArray[np.float64]  # (N,) radians
    radii: npt.NDArray[np.float64]  # (N,) in thorax units
    lengths: npt.NDArray[np.float64]  # (N,) in thorax units


def grow(rng: np.random.Generator, twigs: Twigs, forks: int) -> tuple[Points, npt.NDArray[np.float64]]:
    """Points (N, 2) along all branches, at steps of 1/20 of a branch, and their radii: thinner from fork to fork."""
    points, radii = [], []
    along = np.linspace(0, 1, 20)
    for _ in range(forks + 1):
        bend = rng.normal(0, 0.35, len(twigs.tips))
        angles = twigs.angles[:, None] + bend[:, None] * along
        steps = (twigs.lengths / len(along))[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], 2)
        path = twigs.tips[:, None] + np.cumsum(steps, 1)
        ends = twigs.radii * rng.uniform(0.62, 0.78, len(twigs.tips))
        points.append(path.reshape(-1, 2))
        radii.append((twigs.radii[:, None] + (ends - twigs.radii)[:, None] * along).ravel())
        turn = rng.uniform(0.2, 0.55, len(ends)) * rng.choice([-1, 1], len(ends))
        twigs = Twigs(
            np.concatenate([path[:, -1]] * 2),
            np.concatenate([angles[:, -1] + turn, angles[:, -1] - turn * rng.uniform(0.4, 0.9, len(ends))]),
            np.concatenate([ends * rng.uniform(0.6, 0.85, len(ends)), ends]),
            np.concatenate([twigs.lengths * rng.uniform(0.65, 0.95, len(ends)) for _ in range(2)]),
        )
    return np.concatenate(points), np.concatenate(radii)


def splat(
    points: Points, radii: npt.NDArray[np.float64], spacing: npt.NDArray[np.float64], pose: Pose, shape: tuple[int, int]
) -> Map:
    """Path, in thorax units, through thin rods given as points ``spacing`` apart (N,): each point's volume, blurred."""
    total = np.zeros(shape, np.float32)
    place = pose.to_pixels(points)
    corner = np.floor(place).astype(int)
    for low, high in itertools.pairwise(RADIUS_BINS):
        chosen = (radii >= low) & (radii < high) & ((corner >= 0) & (corner < np.array(shape) - 1)).all(1)
        if not chosen.any():
            continue
        volume = np.pi * radii[chosen] ** 2 * spacing[chosen] * pose.scale**2  # per pixel area, in thorax units
        rest = place[chosen] - corner[chosen]
        index, weight = [], []
        for row in (0, 1):  # shared between the four pixels around each point
            for column in (0, 1):
                weight.append(np.abs(1 - row - rest[:, 0]) * np.abs(1 - column - rest[:, 1]) * volume)
                index.append((corner[chosen, 0] + row) * shape[1] + corner[chosen, 1] + column)
        sums = np.bincount(np.concatenate(index), np.concatenate(weight), total.size)
        sigma = 0.5 * np.sqrt(low * high) * pose.scale  # the deviation of a round rod's chord across it
        total += ndimage.gaussian_filter(sums.reshape(shape).astype(np.float32), sigma, truncate=2.5)
    return total


def tree(rng: np.random.Generator, twigs: Twigs, forks: int, pose: Pose, shape: tuple[int, int]) -> Map:
    """Path, in thorax units, through trees that start with these twigs."""
    points, radii = grow(rng, twigs, forks)
    gaps = np.hypot(*np.diff(points, axis=0, append=points[-1:]).T)
    gaps[19::20] = gaps[18::20]  # the next point belongs to another branch
    return splat(points, radii, gaps, pose, shape)


def vessels(anatomy: Anatomy, pose: Pose, shape: tuple[int, int]) -> Map:
    """Path through the pulmonary vessels, in thorax units: arteries and veins that fan out from each hilum."""
    rng = np.random.default_rng((anatomy.seed, 2))
    starts = []
    for side in (-1, 1):
        for radius, count in ((0.04, 9), (0.029, 9)):
            for angle in np.linspace(-1.3, 1.5, count) + rng.normal(0, 0.1, count):
                hilum = side * rng.uniform(0.17, 0.24), rng.uniform(0.62, 0.8) + 0.05 * (side < 0)
                size = radius * rng.uniform(0.7, 1.0) * (1.15 if angle > 0.4 else 0.9)  # lower lobes are fed more
                starts.append((*hilum, angle if side > 0 else np.pi - angle, size, rng.uniform(0.15, 0.26)))
    twigs = np.array(starts)
    return tree(rng, Twigs(twigs[:, :2], twigs[:, 2], twigs[:, 3], twigs[:, 4]), 5, pose, shape)

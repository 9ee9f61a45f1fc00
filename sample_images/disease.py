"""Pneumonia: where it lies, and how much of the lung's air it has replaced."""

from dataclasses import dataclass, replace

import numpy as np
from solids import Map, Pose, clouds, smoothstep
from thorax import Anatomy
from vessels import Twigs, tree


@dataclass(frozen=True, slots=True)
class Patch:
    """One region of diseased lung, in thorax units."""

    x: float
    y: float
    radius_x: float
    radius_y: float
    filled: float  # share of the lung's air that fluid has replaced, at the middle
    kind: str  # "consolidation", "bronchopneumonia" or "interstitial"


def random_patches(anatomy: Anatomy) -> tuple[Patch, ...]:
    """The opacities this patient has if ill: one kind, in one to five places."""
    rng = np.random.default_rng((anatomy.seed, 3))
    low, side = anatomy.dome, float(rng.choice([-1, 1]))
    kind = str(rng.choice(["consolidation", "bronchopneumonia", "interstitial"], p=[0.35, 0.45, 0.2]))
    # On the left, low lung is seen beside the heart, not behind it: what is known to be there should be seen.
    if kind == "consolidation":  # upper, middle or lower lobe; the middle and lower touch heart or diaphragm
        if side < 0:
            x, y = [(0.42, 0.42), (0.48, low - 0.42), (0.55, low - 0.2)][rng.integers(3)]
        else:
            x, y = [(0.45, 0.42), (0.66, low - 0.5), (0.74, low - 0.22)][rng.integers(3)]
        x, y = side * (x + rng.uniform(-0.05, 0.05)), y + rng.uniform(-0.07, 0.07)
        return (Patch(x, y, rng.uniform(0.42, 0.56), rng.uniform(0.42, 0.56), rng.uniform(0.75, 0.95), kind),)
    if kind == "bronchopneumonia":  # patches around the bronchi, most of them low and near the heart
        found = []
        for number in range(rng.integers(3, 6)):
            here = side if number < 2 else float(rng.choice([-1, 1]))
            x, y = rng.uniform(0.38, 0.6), rng.uniform(0.55, low - 0.24)
            x += 0.22 * (here > 0 and y > 0.62)
            size = rng.uniform(0.3, 0.42)
            found.append(Patch(here * x, y, size, size * rng.uniform(0.8, 1.2), rng.uniform(0.6, 0.8), kind))
        return tuple(found)
    filled, tall = rng.uniform(0.6, 0.75), rng.uniform(0.5, 0.65)
    return Patch(-0.48, low - 0.62, 0.38, tall, filled, kind), Patch(0.56, low - 0.62, 0.34, tall, filled, kind)


def moved(patch: Patch, pose: Pose) -> Patch:
    """The patch where this film sees it: low lung follows the diaphragm."""
    return replace(patch, y=patch.y + pose.inspiration * min(patch.y, 1.2))


def filling(anatomy: Anatomy, pose: Pose, patches: tuple[Patch, ...], x: Map, y: Map) -> Map:
    """Share (H, W) of the lung's air that fluid has replaced, in [0, 1]: soft and ragged rims, bronchi still open."""
    rng = np.random.default_rng((anatomy.seed, 4))
    coarse, fine = clouds(rng, x, y, 0.24), clouds(rng, x, y, 0.07)
    total = np.zeros_like(x)
    for patch in patches:
        reach = np.hypot((x - patch.x) / patch.radius_x, (y - patch.y) / patch.radius_y)
        if patch.kind == "interstitial":  # a net of thickened walls, densest around the hila
            share = smoothstep((1.25 - reach) * 1.1) * np.clip(0.68 + 0.14 * coarse + 0.16 * np.abs(fine), 0, 1)
        else:
            ragged = 0.26 if patch.kind == "consolidation" else 0.28
            share = smoothstep((1.22 - reach - ragged * coarse - 0.06 * fine) * 1.05) * (0.88 + 0.12 * np.tanh(fine))
        total = np.maximum(total, np.float32(patch.filled) * share)
    twigs = []
    for patch in patches:
        if patch.kind == "interstitial":
            continue
        hilum = np.array([np.sign(patch.x) * 0.2, 0.72])
        toward = np.array([patch.x, patch.y]) - hilum
        angle, length = np.arctan2(toward[1], toward[0]), float(np.hypot(*toward))
        for spread in (-0.35, 0.0, 0.4):
            twigs.append((*hilum, angle + spread, 0.017, max(length, 0.2) * 0.55))
    if twigs:
        start = np.array(twigs)
        twig = Twigs(start[:, :2], start[:, 2], start[:, 3], start[:, 4])
        total *= 1 - np.minimum(5 * tree(rng, twig, 3, pose, x.shape), 0.3)
    return total

"""Pictures that are no chest films: what a scan is to set aside, to flag, and to tell as failed."""

import itertools

import numpy as np
from solids import Map

# Hand, in widths of the picture: ends of each finger's bones from the wrist to the tip, the thumb first, as x, y pairs.
FINGERS = (
    ((0.40, 0.72), (0.27, 0.58), (0.20, 0.47), (0.15, 0.38)),
    ((0.44, 0.70), (0.40, 0.47), (0.37, 0.32), (0.36, 0.22), (0.355, 0.15)),
    ((0.49, 0.70), (0.49, 0.45), (0.49, 0.28), (0.49, 0.17), (0.49, 0.09)),
    ((0.54, 0.70), (0.57, 0.47), (0.59, 0.32), (0.60, 0.22), (0.605, 0.14)),
    ((0.58, 0.71), (0.64, 0.50), (0.68, 0.40), (0.70, 0.33), (0.715, 0.26)),
)
FOREARM = (((0.46, 0.99), (0.46, 0.78)), ((0.56, 0.99), (0.55, 0.78)))
WRIST = ((0.45, 0.745), (0.50, 0.74), (0.55, 0.745), (0.47, 0.775), (0.53, 0.775))
FLESH, SHAFT, JOINT = 0.050, 0.012, 0.019  # radii, in widths of the picture


def hand(rows: int, columns: int, seed: int = 0) -> Map:
    """A film of a hand: brightness float32 (rows, columns) in [0, 1], bone bright."""
    row, column = np.mgrid[:rows, :columns] / columns
    row *= columns / rows
    flesh, bone = np.zeros((rows, columns)), np.zeros((rows, columns))
    for bones in (*FINGERS, *FOREARM):
        for (x0, y0), (x1, y1) in itertools.pairwise(bones):
            along, away = _segment(row, column, (x0, y0), (x1, y1))
            flesh = np.maximum(flesh, _inside(away, FLESH))
            thick = SHAFT + (JOINT - SHAFT) * (2 * abs(along - 0.5)) ** 3
            marrow = 0.55 * _inside(away, 0.5 * SHAFT)
            bone = np.maximum(bone, _inside(away, thick) * ((along > 0.03) & (along < 0.97)) * (1 - marrow))
    for x, y in WRIST:
        away = np.hypot(column - x, row - y)
        flesh, bone = np.maximum(flesh, _inside(away, 2.6 * FLESH)), np.maximum(bone, 0.9 * _inside(away, 1.6 * JOINT))
    noise = np.random.default_rng(seed).normal(0, 0.004, (rows, columns))
    return np.clip(0.04 + 0.38 * flesh + 0.46 * bone * flesh + noise, 0, 1).astype(np.float32)


def ultrasound(rows: int, columns: int, seed: int = 0) -> Map:
    """A frame of an ultrasound probe: a bright fan of speckle on black, with a dark vessel and a bright line."""
    row, column = np.mgrid[:rows, :columns] / rows
    middle, depth = columns / rows / 2, np.hypot(row + 0.12, column - columns / rows / 2)
    angle = np.arctan2(column - middle, row + 0.12)
    rng = np.random.default_rng(seed)
    speckle = rng.rayleigh(0.4, (rows, columns)) * (1.05 - 0.6 * depth)
    speckle[np.hypot((row - 0.5) / 0.10, (column - middle - 0.08) / 0.16) < 1] *= 0.15
    speckle[abs(depth - 0.86) < 0.012] += 0.5
    fan = (abs(angle) < 0.62) & (depth > 0.2) & (depth < 1.05)
    return np.where(fan, np.clip(speckle, 0, 1), 0).astype(np.float32)


def _segment(row: Map, column: Map, start: tuple[float, float], end: tuple[float, float]) -> tuple[Map, Map]:
    """How far along a bone each pixel lies, in [0, 1], and how far away from it, in widths of the picture."""
    (x0, y0), (x1, y1) = start, end
    along = ((column - x0) * (x1 - x0) + (row - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
    along = np.clip(along, 0, 1)
    return along, np.hypot(column - x0 - along * (x1 - x0), row - y0 - along * (y1 - y0))


def _inside(away: Map, radius: float | Map) -> Map:
    """1 within this radius, falling softly to 0 at its edge."""
    return np.clip((radius - away) / (0.25 * np.asarray(radius)), 0, 1)

"""Simple solids and textures, and where the patient lies on the film: what a thorax is put together from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Map = npt.NDArray[np.float32]  # (H, W): one value per pixel of the film
Points = npt.NDArray[np.float64]  # (N, 2): x, y in thorax units
Knots = tuple[tuple[float, float], ...]  # y, value

LUNG_DENSITY = 0.26  # g/cm3, inflated lung. ICRU Report 44 (1989)
TOP, BOTTOM, STEPS = -3.0, 5.0, 8000  # of the tables that hold a profile along y, in thorax units


@dataclass(frozen=True, slots=True)
class Pose:
    """How the patient lies on the film."""

    row: float  # of the point (0, 0), in pixels
    column: float
    scale: float  # pixels per thorax unit
    tilt: float  # radians, clockwise on the film
    turn: float  # thorax units: how far the front of the chest is turned to the patient's left
    inspiration: float  # thorax units that the diaphragm stands lower than at rest
    motion: float = 0.0  # thorax units that breathing moves the chest by during the exposure

    @property
    def lung_density(self) -> float:
        """Of lung tissue with its air, in g/cm3: the less air, the denser."""
        return LUNG_DENSITY * (1 - 2 * self.inspiration)

    def to_pixels(self, points: Points) -> Points:
        """Turn (N, 2) x, y in thorax units into (N, 2) row, column."""
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        x, y = points[:, 0], points[:, 1]
        return np.stack(
            [self.row + self.scale * (x * sin + y * cos), self.column + self.scale * (x * cos - y * sin)], 1
        )

    def grid(self, rows: int, columns: int) -> tuple[Map, Map]:
        """x and y, in thorax units, of each pixel: two maps (rows, columns)."""
        row = (np.arange(rows, dtype=np.float32)[:, None] - np.float32(self.row)) / np.float32(self.scale)
        column = (np.arange(columns, dtype=np.float32)[None, :] - np.float32(self.column)) / np.float32(self.scale)
        cos, sin = np.float32(np.cos(self.tilt)), np.float32(np.sin(self.tilt))
        return column * cos + row * sin, row * cos - column * sin


def profile(y: Map, knots: Knots) -> Map:
    """A smooth curve along y through about these knots."""
    table = np.interp(np.linspace(TOP, BOTTOM, STEPS), *zip(*knots, strict=True))
    table = ndimage.gaussian_filter1d(table, 0.022 / (BOTTOM - TOP) * STEPS, mode="nearest").astype(np.float32)
    index = (np.clip(y, TOP, BOTTOM) - TOP) * np.float32((STEPS - 1) / (BOTTOM - TOP))
    return table[index.astype(np.int32)]


def smoothstep(values: Map) -> Map:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(values, 0, 1)
    return t * t * (3 - 2 * t)


def clouds(rng: np.random.Generator, x: Map, y: Map, size: float) -> Map:
    """Smooth random texture fixed to the patient: about mean 0 and deviation 1, features of about ``size``."""
    side, sigma = 192, 4.0
    table = ndimage.gaussian_filter(rng.standard_normal((side, side)), sigma, mode="wrap").astype(np.float32)
    table /= table.std()
    step = np.float32(2 * sigma / size)
    return ndimage.map_coordinates(table, [(y + 4) * step, (x + 4) * step], order=1, mode="grid-wrap", prefilter=False)


def ellipsoid(x: Map, y: Map, centre: tuple[float, float], axes: tuple[float, float], angle: float = 0.0) -> Map:
    """How much of its depth the beam meets of an ellipsoid: 1 at the centre, 0 at its rim and outside."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    a, b = (dx * cos + dy * sin) / np.float32(axes[0]), (dy * cos - dx * sin) / np.float32(axes[1])
    return np.sqrt(np.maximum(1 - a * a - b * b, 0))


@dataclass(frozen=True, slots=True)
class Tube:
    """A bent rod: a rib, a vessel, a bronchus, a long bone."""

    points: Points  # (N, 2) in thorax units
    radii: npt.NDArray[np.float64]  # (N,) in thorax units
    weights: npt.NDArray[np.float64] | None = None  # (N,): above 1 where the rod runs along the beam


def add_tube(canvas: Map, tube: Tube, pose: Pose, hollow: float = 0.0, marrow: float = 0.0, union: bool = True) -> None:
    """Add the chord through a tube, in thorax units, to ``canvas`` (H, W) in place.

    ``hollow``: radius of the marrow against the outer one; ``marrow``: how much of the wall's weight it has.
    ``union``: take the larger chord where the tube meets what is there already, as branches of one tree do.
    """
    points, radii = pose.to_pixels(tube.points), tube.radii * pose.scale
    drawn = np.maximum(radii, 0.8)  # thinner than a pixel: drawn as wide as one, and as much fainter
    factors = (radii / drawn) ** 2 * (1 if tube.weights is None else tube.weights) * 2 / pose.scale
    low = np.maximum(np.floor(points.min(0) - drawn.max()).astype(int), 0)
    high = np.minimum(np.ceil(points.max(0) + drawn.max()).astype(int) + 2, canvas.shape)
    if (high <= low).any():
        return
    nearest = np.full(high - low, np.inf, np.float32)  # squared distance to the axis, 1 at the wall
    chord = np.zeros(high - low, np.float32)  # at the axis
    for i in range(len(points) - 1):
        start, end, reach = points[i], points[i + 1], max(drawn[i], drawn[i + 1])
        first = np.maximum(np.floor(np.minimum(start, end) - reach).astype(int), low)
        last = np.minimum(np.ceil(np.maximum(start, end) + reach).astype(int) + 1, high)
        if (last <= first).any():
            continue
        row = np.arange(first[0], last[0], dtype=np.float32)[:, None] - np.float32(start[0])
        column = np.arange(first[1], last[1], dtype=np.float32)[None, :] - np.float32(start[1])
        along = (end - start).astype(np.float32)
        t = np.clip((row * along[0] + column * along[1]) / max(float(along @ along), 1e-6), 0, 1)
        radius = drawn[i] + t * np.float32(drawn[i + 1] - drawn[i])
        distance = ((row - t * along[0]) ** 2 + (column - t * along[1]) ** 2) / radius**2
        window = (slice(first[0] - low[0], last[0] - low[0]), slice(first[1] - low[1], last[1] - low[1]))
        closer = distance < nearest[window]
        factor = factors[i] + t * np.float32(factors[i + 1] - factors[i])
        nearest[window] = np.where(closer, distance, nearest[window])
        chord[window] = np.where(closer, radius * factor, chord[window])
    depth = np.sqrt(np.maximum(1 - nearest, 0))
    if hollow:
        depth -= np.float32(1 - marrow) * np.sqrt(np.maximum(np.float32(hollow**2) - nearest, 0))
    place = canvas[low[0] : high[0], low[1] : high[1]]
    place[:] = np.maximum(place, chord * depth) if union else place + chord * depth

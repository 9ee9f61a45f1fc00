"""A thorax of simple solids: how much soft tissue, lung and bone a frontal X-ray beam meets on its way to each pixel.

Places are given in thorax units: 1 is half the greatest inner width of the rib cage, x grows towards the patient's
left (the right side of the film), y towards the feet, and (0, 0) is the spine at the height of the lungs' tops. Path
lengths along the beam are in cm. Nothing here comes from an image: every number is a rough proportion of a chest.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Map = npt.NDArray[np.float32]  # (H, W): one value per pixel of the film
Points = npt.NDArray[np.float64]  # (N, 2): x, y in thorax units
Knots = tuple[tuple[float, float], ...]  # y, value

LUNG_DENSITY = 0.26  # g/cm3, inflated lung. ICRU Report 44 (1989)
RADIUS_BINS = tuple(0.0015 * 2.1**power for power in range(6))  # thorax units: vessels of about the same width
TOP, BOTTOM, STEPS = -3.0, 5.0, 8000  # of the tables that hold a profile along y, in thorax units

# Half widths and depths along y, in thorax units.
TORSO_WIDTH: Knots = ((-0.9, 0.36), (-0.42, 0.37), (-0.3, 0.52), (-0.2, 0.84), (-0.08, 1.02), (0.08, 1.1), (0.3, 1.07))
TORSO_WIDTH += ((0.7, 1.05), (1.1, 1.09), (1.6, 1.12), (2.0, 1.1), (2.6, 1.09))
TORSO_DEPTH: Knots = ((-0.9, 0.85), (-0.35, 0.8), (-0.15, 0.8), (0.1, 0.95), (0.4, 1.14), (1.0, 1.27), (2.4, 1.3))
LUNG_LATERAL: Knots = ((-0.1, 0.5), (0.0, 0.52), (0.12, 0.6), (0.25, 0.68), (0.45, 0.77), (0.7, 0.85), (1.0, 0.92))
LUNG_LATERAL += ((1.4, 0.965), (1.8, 0.985), (2.4, 0.97))
LUNG_MEDIAL: Knots = ((-0.1, 0.17), (0.05, 0.16), (0.3, 0.125), (2.4, 0.1))
LUNG_DEPTH: Knots = ((-0.03, 0.3), (0.1, 0.42), (0.3, 0.6), (0.6, 0.8), (1.0, 0.92), (2.4, 0.95))


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One patient, as far as it can be seen on a film. Lengths in thorax units unless said otherwise."""

    seed: int
    unit_cm: float  # half the inner width of the rib cage, in cm: 9 in a small child, 13 in an adult
    fat: float  # soft tissue around the rib cage
    heart: float  # size of the heart against the usual
    heart_tilt: float  # radians
    dome: float  # height y of the right diaphragm; the left lies a little lower
    rib_slope: float  # how far a rib falls from the spine to its front end
    mineral: float  # of the bones, against an adult's
    stomach: float  # radius of the stomach's air bubble, 0 for none
    arms: float  # radians: upper arms hang (positive) or are lifted (negative)
    thymus: float  # widening of the upper mediastinum, as small children have it
    knob: float  # size of the aortic knob, which grows with age


def random_anatomy(seed: int) -> Anatomy:
    """The patient of this seed."""
    rng = np.random.default_rng((seed, 1))
    age = rng.uniform()  # 0: a small child, 1: an adult
    return Anatomy(
        seed=seed,
        unit_cm=9 + 3.5 * age,
        fat=rng.uniform(-0.02, 0.08),
        heart=1.0 - 0.12 * age + rng.uniform(-0.06, 0.06),
        heart_tilt=0.62 + 0.2 * age + rng.uniform(-0.08, 0.08),
        dome=1.38 + 0.14 * age + rng.uniform(-0.08, 0.08),
        rib_slope=0.5 + 0.16 * age + rng.uniform(-0.04, 0.04),
        mineral=rng.uniform(0.85, 1.15),
        stomach=rng.uniform(0.1, 0.2) if rng.uniform() < 0.7 else 0.0,
        arms=rng.choice([-0.9, -0.6, 1.1], p=[0.4, 0.4, 0.2]) + rng.uniform(-0.15, 0.15),
        thymus=(1 - age) * rng.uniform(0, 0.08),
        knob=0.7 + 0.3 * age,
    )


@dataclass(frozen=True, slots=True)
class Pose:
    """How the patient lies on the film."""

    row: float  # of the point (0, 0), in pixels
    column: float
    scale: float  # pixels per thorax unit
    tilt: float  # radians, clockwise on the film
    turn: float  # thorax units: how far the front of the chest is turned to the patient's left
    inspiration: float  # thorax units that the diaphragm stands lower than at rest

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


# ---------------------------------------------------------------------------------------------------- soft tissue


def body(anatomy: Anatomy, pose: Pose, x: Map, y: Map) -> Map:
    """Path through the whole body, air in the lungs included, in thorax units: torso, neck and upper arms."""
    width = profile(y, TORSO_WIDTH) + np.float32(anatomy.fat) * smoothstep(y * 3)
    t = np.minimum((x / width) ** 2, 1)
    chord = profile(y, TORSO_DEPTH) * np.sqrt(1 - t * (1 + t) / 2)
    limbs = np.zeros_like(x)
    for side in (-1, 1):
        shaft = arm(anatomy, side)
        fat = np.array([0.19, 0.2, 0.19, 0.18]) + anatomy.fat / 2
        add_tube(limbs, Tube(shaft, fat), pose)
        add_tube(limbs, Tube(np.array([[side * 0.75, 0.02], shaft[0]]), np.array([0.2, 0.2])), pose)
    return np.maximum(chord, limbs + 0.12 * np.minimum(chord, 0.4))


def arm(anatomy: Anatomy, side: int) -> Points:
    """The axis of an upper arm, from the shoulder outwards (4, 2)."""
    reach = np.array([0.0, 0.35, 0.8, 2.6])[:, None]
    direction = np.array([side * np.cos(anatomy.arms), np.sin(anatomy.arms)])
    return np.array([side * 1.13, -0.02]) + reach * direction


def dome_height(anatomy: Anatomy, pose: Pose, x: Map) -> Map:
    """y of the diaphragm's outline at each x: highest over the middle of each lung, steep towards its outer angle."""
    left = smoothstep(x * 4 + 0.5)
    across = np.abs(x) - (0.42 + 0.06 * left)
    outer, inner = np.maximum(across, 0), np.minimum(across, 0)
    height = np.float32(anatomy.dome + pose.inspiration) + 0.07 * left
    return height + 0.6 * outer**2 + 1.8 * outer**4 + 0.4 * inner**2


def heart_depth(anatomy: Anatomy, pose: Pose, x: Map, y: Map) -> Map:
    """Path through heart and great vessels, in thorax units."""
    size, low = anatomy.heart, anatomy.dome + pose.inspiration
    front = x - np.float32(0.7 * pose.turn)
    parts = (  # centre, axes, angle, depth
        ((0.21 * size, low - 0.28), (0.5 * size, 0.36 * size), anatomy.heart_tilt, 0.72),  # ventricles
        ((-0.08, low - 0.3), (0.21 * size, 0.36), 0.15, 0.55),  # right atrium
        ((0.1, low - 0.68), (0.18 * size, 0.26), -0.1, 0.55),  # pulmonary trunk and left atrium
        ((0.08, low - 0.92), (0.13 * anatomy.knob, 0.15 * anatomy.knob), 0.0, 0.45),  # aortic knob
    )
    depth = np.zeros_like(x)
    for centre, axes, angle, thick in parts:
        depth = np.maximum(depth, np.float32(thick) * ellipsoid(front, y, centre, axes, angle))
    wide = profile(y, ((-0.3, 0.13), (0.1, 0.13 + anatomy.thymus), (0.6, 0.14 + anatomy.thymus), (0.8, 0.12), (2, 0.1)))
    t = np.minimum(((front + 0.02) / wide) ** 2, 1)
    column = 0.62 * np.sqrt(1 - t * t) * smoothstep(y * 4 + 1)
    return np.maximum(depth, column)


def lung_depth(anatomy: Anatomy, pose: Pose, x: Map, y: Map) -> tuple[Map, npt.NDArray[np.bool_]]:
    """Path through both lungs, in thorax units, and where they are seen as dark fields above the diaphragm."""
    side = np.where(x < 0, np.float32(-1), np.float32(1))
    across = x * side * (1 - 0.05 * side * np.float32(np.sign(pose.turn) * min(abs(pose.turn) * 4, 1)))
    outer, inner = profile(y, LUNG_LATERAL), profile(y, LUNG_MEDIAL)
    t = np.minimum(((2 * across - outer - inner) / (outer - inner)) ** 2, 1)
    below = y - (2.2 * (across - 0.33) ** 2 - 0.03)  # under the dome of the apex
    depth = profile(y, LUNG_DEPTH) * np.sqrt((1 - t * t) * np.clip(below * 7, 0, 1))
    above = dome_height(anatomy, pose, x) - y
    # The dome is round in depth as well: lung wraps it in front and behind, so that its path thins out below the rim.
    wrap = 0.1 * np.exp(np.minimum(above, 0) * 14)
    depth *= np.where(above > 0, wrap + (1 - wrap) * np.sqrt(np.clip(above * 11, 0, 1)), wrap)
    seen = (t < 0.98) & (above > 0.02) & (below > 0.01)
    return depth, seen


def airway(pose: Pose, shape: tuple[int, int]) -> Map:
    """Path through the air of trachea and main bronchi, in thorax units."""
    air = np.zeros(shape, np.float32)
    shift = 0.3 * pose.turn
    trachea = np.array([[0.0, -0.9], [0.0, -0.3], [shift - 0.01, 0.2], [shift - 0.02, 0.5]])
    add_tube(air, Tube(trachea, np.array([0.05, 0.052, 0.052, 0.055])), pose)
    for end in ((-0.2, 0.7), (0.24, 0.72)):
        add_tube(air, Tube(np.array([[shift - 0.02, 0.49], [end[0] + shift, end[1]]]), np.array([0.045, 0.03])), pose)
    return air


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
        for radius, count in ((0.046, 9), (0.033, 9)):
            for angle in np.linspace(-1.3, 1.5, count) + rng.normal(0, 0.1, count):
                hilum = side * rng.uniform(0.17, 0.24), rng.uniform(0.62, 0.8) + 0.05 * (side < 0)
                size = radius * rng.uniform(0.7, 1.0) * (1.15 if angle > 0.4 else 0.9)  # lower lobes are fed more
                starts.append((*hilum, angle if side > 0 else np.pi - angle, size, rng.uniform(0.15, 0.26)))
    twigs = np.array(starts)
    return tree(rng, Twigs(twigs[:, :2], twigs[:, 2], twigs[:, 3], twigs[:, 4]), 5, pose, shape)


# ---------------------------------------------------------------------------------------------------- bones


def rib(anatomy: Anatomy, pose: Pose, number: int, side: int) -> Tube:
    """Rib 1 to 12 of one side: from the spine backwards and outwards, round the side, to its front end."""
    back = (0.02 if number > 1 else 0.0) + 0.147 * (number - 1) + 0.015 * pose.inspiration
    end = 2.5 if number < 10 else (2.2, 1.75, 1.1)[number - 10]  # radians around the chest: low ribs end early
    theta = np.linspace(0.0, end, 18)
    drop = (anatomy.rib_slope + 0.018 * min(number, 8)) * (0.5 if number == 1 else 0.8 if number == 2 else 1.0)
    level = back + 0.47 * drop
    wide = float(np.interp(level, *zip(*LUNG_LATERAL, strict=True))) + 0.02
    wide = max(wide, 0.5) if number > 1 else 0.44
    around = np.sin(np.minimum(theta, np.pi / 2)) ** 0.9 * (theta <= np.pi / 2) + np.sin(theta) * (theta > np.pi / 2)
    x = 0.1 + (wide - 0.1) * around
    y = back + drop * ((1 - np.cos(theta)) / 2) ** 1.1 - 0.04 * np.sin(np.minimum(2 * theta, np.pi))
    z = -np.cos(theta) * 0.5  # back to front
    points = np.stack([side * x + pose.turn * (z + 0.5), y], 1)
    seen, real = np.gradient(points, axis=0), np.gradient(z)
    flat = np.hypot(seen[:, 0], seen[:, 1])
    weights = np.minimum(np.sqrt(flat**2 + real**2) / np.maximum(flat, 1e-6), 1.7)
    weights *= np.interp(theta, [0, 1.7, end - 0.25, end], [1.0, 0.9, 0.75, 0.0])  # bone turns into cartilage
    # A rib is a flat band: seen on its face at the back and front, on its edge where it rounds the side.
    radii = np.interp(theta, [0, 0.3, 1.15, 1.57, 1.95, 2.5], [0.026, 0.031, 0.031, 0.016, 0.03, 0.042])
    return Tube(points, radii * (0.85 if number in (1, 11, 12) else 1.0), weights)


def ribs(anatomy: Anatomy, pose: Pose, shape: tuple[int, int]) -> Map:
    """Path through the compact bone of all ribs, in thorax units."""
    total = np.zeros(shape, np.float32)
    for number in range(1, 13):
        for side in (-1, 1):
            add_tube(total, rib(anatomy, pose, number, side), pose, hollow=0.86, marrow=0.38, union=False)
    return total


def girdle(anatomy: Anatomy, pose: Pose, shape: tuple[int, int]) -> Map:
    """Path through the compact bone of clavicles, shoulder blades and upper arms, in thorax units."""
    total = np.zeros(shape, np.float32)
    lift = -0.12 if anatomy.arms > 0 else -0.26
    for side in (-1, 1):
        x = np.linspace(0.13, 0.98, 14)
        s = (x - 0.13) / 0.85
        y = 0.1 + (lift - 0.02) * s**0.8 + 0.035 * np.sin(2 * np.pi * s)
        radii = np.interp(s, [0, 0.12, 0.5, 1], [0.042, 0.034, 0.03, 0.04])
        clavicle = Tube(np.stack([side * x + pose.turn * (1 - s), y], 1), radii)
        add_tube(total, clavicle, pose, hollow=0.7, marrow=0.3, union=False)
        shaft = arm(anatomy, side)
        humerus = Tube(shaft, np.array([0.105, 0.055, 0.05, 0.055]))
        add_tube(total, humerus, pose, hollow=0.75, marrow=0.3, union=False)
        lifted = np.array([0.1 * (anatomy.arms < 0), 0])
        edge = np.array([[1.04, 0.02], [0.99, 0.25], [0.92, 0.5], [0.87, 0.66]])
        crest = np.array([[1.08, -0.08], [0.95, -0.04], [0.8, 0.08], [0.74, 0.14]])
        for points, radii in ((edge, [0.05, 0.026, 0.02, 0.012]), (crest, [0.045, 0.03, 0.022, 0.015])):
            blade = Tube((points + lifted) * (side, 1), np.array(radii), np.array([0.85, 0.65, 0.45, 0.0]))
            add_tube(total, blade, pose, hollow=0.6, marrow=0.5, union=False)
    return total


def spine(anatomy: Anatomy, pose: Pose, x: Map, y: Map) -> Map:
    """Path through the vertebrae, as if of compact bone, in thorax units: bodies, pedicles, processes."""
    height = np.float32(0.147)
    level = y / height + 0.4
    phase = level - np.floor(level) - 0.5  # -0.5 and 0.5 in the discs
    width = 0.1 + 0.012 * np.clip(y, -1, 3)
    waist = width * (0.9 + 0.4 * phase**2)
    a, b = np.abs(x) / waist, np.abs(phase) / 0.41
    inside = smoothstep((1 - a) * 9) * smoothstep((1 - b) * 5)
    rim = inside * (smoothstep((b - 0.72) * 6) * 0.5 + smoothstep((a - 0.8) * 6) * 0.35)
    centre = np.abs(x) - 0.68 * width
    ring = np.sqrt((centre / 0.024) ** 2 + ((phase + 0.08) / 0.17) ** 2)
    pedicles = smoothstep(1.6 - 2.5 * np.abs(ring - 1)) * 0.6
    process = smoothstep(1.3 - np.hypot(x / 0.02, (phase - 0.18) / 0.24)) * 0.8
    wings = smoothstep((1 - np.abs(phase + 0.12) / 0.2) * 2) * smoothstep((width * 1.75 - np.abs(x)) * 30) * (a > 0.8)
    column = smoothstep((1 - np.abs(x) / width) * 6) * 0.4  # arches and ligaments run on behind the discs
    return np.float32(0.036) * (column + 0.7 * inside + rim + pedicles + process + 0.45 * wings)


# ---------------------------------------------------------------------------------------------------- pneumonia


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
    kind = str(rng.choice(["consolidation", "bronchopneumonia", "interstitial"], p=[0.45, 0.35, 0.2]))
    # On the left, low lung is seen beside the heart, not behind it: what is known to be there should be seen.
    if kind == "consolidation":  # upper, middle or lower lobe; the middle and lower touch heart or diaphragm
        if side < 0:
            x, y = [(0.42, 0.42), (0.48, low - 0.42), (0.55, low - 0.2)][rng.integers(3)]
        else:
            x, y = [(0.45, 0.42), (0.66, low - 0.5), (0.74, low - 0.22)][rng.integers(3)]
        x, y = side * (x + rng.uniform(-0.05, 0.05)), y + rng.uniform(-0.07, 0.07)
        return (Patch(x, y, rng.uniform(0.25, 0.38), rng.uniform(0.24, 0.36), rng.uniform(0.55, 0.75), kind),)
    if kind == "bronchopneumonia":  # patches around the bronchi, most of them low and near the heart
        found = []
        for number in range(rng.integers(3, 6)):
            here = side if number < 2 else float(rng.choice([-1, 1]))
            x, y = rng.uniform(0.38, 0.6), rng.uniform(0.55, low - 0.24)
            x += 0.22 * (here > 0 and y > 0.62)
            size = rng.uniform(0.15, 0.25)
            found.append(Patch(here * x, y, size, size * rng.uniform(0.8, 1.2), rng.uniform(0.4, 0.6), kind))
        return tuple(found)
    filled, tall = rng.uniform(0.24, 0.36), rng.uniform(0.5, 0.6)
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
            share = smoothstep((1.25 - reach) * 1.1) * np.clip(0.62 + 0.2 * coarse + 0.34 * np.abs(fine), 0, 1)
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
        total *= 1 - np.minimum(9 * tree(rng, twig, 3, pose, x.shape), 0.45)
    return total

"""A thorax of simple solids: how much soft tissue and lung a frontal X-ray beam meets on its way to each pixel.

Places are given in thorax units: 1 is half the greatest inner width of the rib cage, x grows towards the patient's
left (the right side of the film), y towards the feet, and (0, 0) is the spine at the height of the lungs' tops. Path
lengths along the beam are in cm. Nothing here comes from an image: every number is a rough proportion of a chest.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from solids import Knots, Map, Points, Pose, Tube, add_tube, ellipsoid, profile, smoothstep

# Half widths and depths along y, in thorax units.
TORSO_WIDTH: Knots = ((-0.9, 0.36), (-0.42, 0.37), (-0.3, 0.52), (-0.2, 0.84), (-0.08, 1.02), (0.08, 1.1), (0.3, 1.07))
TORSO_WIDTH += ((0.7, 1.05), (1.1, 1.09), (1.6, 1.12), (2.0, 1.1), (2.6, 1.09))
TORSO_DEPTH: Knots = ((-0.9, 0.85), (-0.35, 0.8), (-0.15, 0.8), (0.1, 0.95), (0.4, 1.14), (1.0, 1.3), (1.5, 1.42))
TORSO_DEPTH += ((2.4, 1.45),)
LUNG_LATERAL: Knots = ((-0.1, 0.48), (0.0, 0.5), (0.12, 0.61), (0.25, 0.7), (0.45, 0.81), (0.7, 0.9), (1.0, 0.96))
LUNG_LATERAL += ((1.4, 0.99), (1.8, 0.99), (2.4, 0.97))
LUNG_MEDIAL: Knots = ((-0.1, 0.17), (0.05, 0.16), (0.3, 0.125), (2.4, 0.1))
LUNG_DEPTH: Knots = ((-0.03, 0.4), (0.1, 0.6), (0.3, 0.82), (0.6, 1.0), (1.0, 1.1), (2.4, 1.14))


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One patient, as far as it can be seen on a film. Lengths in thorax units unless said otherwise."""

    seed: int
    unit_cm: float  # half the inner width of the rib cage, in cm: 9 in a small child, 12.5 in one of school age
    fat: float  # soft tissue around the rib cage
    heart: float  # size of the heart against the usual
    heart_tilt: float  # radians
    dome: float  # height y of the right diaphragm; the left lies a little lower
    rib_slope: float  # how far a rib falls from the spine to its front end
    mineral: float  # of the bones: how dense they are against cortical bone of the tables, thicknesses taken together
    stomach: float  # radius of the stomach's air bubble, 0 for none
    arms: float  # radians: upper arms hang (positive) or are lifted (negative)
    thymus: float  # widening of the upper mediastinum, as small children have it
    knob: float  # size of the aortic knob, which grows with age


def random_anatomy(seed: int) -> Anatomy:
    """The patient of this seed."""
    rng = np.random.default_rng((seed, 1))
    age = rng.uniform()  # 0: a small child, 1: one of school age
    return Anatomy(
        seed=seed,
        unit_cm=9 + 3.5 * age,
        fat=rng.uniform(-0.02, 0.08),
        heart=1.0 - 0.12 * age + rng.uniform(-0.06, 0.06),
        heart_tilt=0.62 + 0.2 * age + rng.uniform(-0.08, 0.08),
        dome=1.1 + 0.14 * age + rng.uniform(-0.06, 0.06),
        rib_slope=0.58 + 0.16 * age + rng.uniform(-0.04, 0.04),
        mineral=rng.uniform(1.25, 1.55),
        stomach=rng.uniform(0.1, 0.2) if rng.uniform() < 0.7 else 0.0,
        arms=rng.choice([-0.9, -0.6, 1.1], p=[0.4, 0.4, 0.2]) + rng.uniform(-0.15, 0.15),
        thymus=(1 - age) * rng.uniform(0, 0.14),
        knob=0.7 + 0.3 * age,
    )


def body(anatomy: Anatomy, pose: Pose, x: Map, y: Map) -> Map:
    """Path through the whole body, air in the lungs included, in thorax units: torso, neck, head and upper arms."""
    width = profile(y, TORSO_WIDTH) + np.float32(anatomy.fat) * smoothstep(y * 3)
    t = np.minimum((x / width) ** 2, 1)
    chord = profile(y, TORSO_DEPTH) * np.sqrt(1 - t * (1 + t) / 2)
    limbs = np.zeros_like(x)
    for side in (-1, 1):
        shaft = arm(anatomy, side)
        fat = np.array([0.19, 0.2, 0.19, 0.18]) + anatomy.fat / 2
        add_tube(limbs, Tube(shaft, fat), pose)
        add_tube(limbs, Tube(np.array([[side * 0.75, 0.02], shaft[0]]), np.array([0.2, 0.2])), pose)
    chord += 0.9 * ellipsoid(x, y, (0, -0.9), (0.5, 0.6))
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
        ((0.19 * size, low - 0.24), (0.52 * size, 0.38 * size), anatomy.heart_tilt, 0.4),  # ventricles
        ((-0.08, low - 0.26), (0.23 * size, 0.34), 0.15, 0.36),  # right atrium
        ((0.1, low - 0.55), (0.22 * size, 0.3), -0.1, 0.36),  # pulmonary trunk and left atrium
        ((0.1, low - 0.8), (0.15 * anatomy.knob, 0.17 * anatomy.knob), 0.0, 0.3),  # aortic knob
    )
    depth = np.zeros_like(x)
    for centre, axes, angle, thick in parts:
        depth = np.maximum(depth, np.float32(thick) * ellipsoid(front, y, centre, axes, angle))
    wide = profile(
        y, ((-0.3, 0.16), (0.1, 0.17 + anatomy.thymus), (0.6, 0.18 + anatomy.thymus), (0.8, 0.16), (2, 0.15))
    )
    t = np.minimum(((front + 0.02) / wide) ** 2, 1)
    column = 0.36 * np.sqrt(1 - t * t) * smoothstep(y * 4 + 1)
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

"""From a thorax to the film of it: attenuation, exposure and what a viewing station shows."""

from dataclasses import dataclass

import bones
import disease
import numpy as np
import numpy.typing as npt
import thorax
import vessels
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from solids import Map, Pose, clouds, ellipsoid

# Mass attenuation coefficients at 50 keV, about the mean energy of a 70 kVp beam, in cm2/g, and densities in g/cm3.
# Source: Hubbell and Seltzer, "Tables of X-Ray Mass Attenuation Coefficients", NIST SRD 126: water, cortical bone.
WATER, SOFT_DENSITY = 0.2269, 1.04
BONE, BONE_DENSITY = 0.4242, 1.92
SCATTER = 0.08  # scattered part of what leaves the chest, against the open beam: children are exposed without a grid


@dataclass(frozen=True)
class Opacity:
    """A bright region with a known place, as an ellipse in pixels of the film."""

    row: float
    column: float
    radius_rows: float
    radius_columns: float
    kind: str  # "consolidation", "bronchopneumonia" or "interstitial"


@dataclass(frozen=True)
class Film:
    """One synthetic radiograph and what is known about it. Arrays are (H, W)."""

    brightness: npt.NDArray[np.float32]  # in [0, 1], bone bright
    opacities: tuple[Opacity, ...]  # none without pneumonia
    mask: npt.NDArray[np.bool_] | None  # where the opacities are plainly seen; None without pneumonia
    lungs: npt.NDArray[np.bool_]  # the dark fields, without what lies behind heart and diaphragm


def draw(
    seed: int,
    *,
    pneumonia: bool,
    rows: int = 512,
    columns: int = 640,
    pose: int = 0,
    breathless: bool | None = None,
) -> Film:
    """Draw one film of the patient of this seed, with or without the pneumonia that belongs to the seed.

    ``pose`` chooses one of the patient's films: another position and exposure, the same anatomy and opacities.
    ``breathless``, by default whoever has pneumonia: breathes fast and shallowly, so that the lungs hold less air, the
    diaphragm stands higher and the film is blurred by motion. With and without pneumonia, a seed, a pose and the same
    ``breathless`` give the same film but for the opacities (and the scatter they take away).
    """
    anatomy = thorax.random_anatomy(seed)
    rng = np.random.default_rng((seed, 100 + pose))
    position = _pose(rng, rows, columns, breathless=pneumonia if breathless is None else breathless)
    x, y = position.grid(rows, columns)
    patches = tuple(disease.moved(p, position) for p in disease.random_patches(anatomy)) if pneumonia else ()
    path, lungs, extra = _attenuation(anatomy, position, patches, x, y)
    brightness = _expose(path, anatomy, rng, position)
    mask = (extra > 0.12) & lungs if pneumonia else None
    return Film(_border(brightness, rng, rows, columns), _places(patches, position), mask, lungs)


def _pose(rng: np.random.Generator, rows: int, columns: int, *, breathless: bool) -> Pose:
    scale = min(rows / 2.15, columns / 2.5) * rng.uniform(0.9, 1.08)
    return Pose(
        row=rows * 0.22 + scale * rng.uniform(-0.06, 0.08),
        column=columns / 2 + scale * rng.uniform(-0.07, 0.07),
        scale=scale,
        tilt=float(np.clip(rng.normal(0, 0.025), -0.06, 0.06)),
        turn=float(np.clip(rng.normal(0, 0.035), -0.08, 0.08)),
        inspiration=rng.uniform(-0.08, 0.05) - 0.14 * breathless,
        motion=0.014 * breathless,
    )


def _places(patches: tuple[disease.Patch, ...], pose: Pose) -> tuple[Opacity, ...]:
    found = []
    for patch in patches:
        row, column = pose.to_pixels(np.array([[patch.x, patch.y]]))[0]
        radii = patch.radius_y * pose.scale, patch.radius_x * pose.scale
        found.append(Opacity(float(row), float(column), *radii, patch.kind))
    return tuple(found)


def _attenuation(
    anatomy: thorax.Anatomy, pose: Pose, patches: tuple[disease.Patch, ...], x: Map, y: Map
) -> tuple[Map, npt.NDArray[np.bool_], Map]:
    """Line integral of attenuation (H, W), no unit; the lung fields; the part of the integral that is disease."""
    rng = np.random.default_rng((anatomy.seed, 5))
    cavity, seen = thorax.lung_depth(anatomy, pose, x, y)
    heart = thorax.heart_depth(anatomy, pose, x, y)
    lung = np.maximum(cavity - heart, 0)
    aerated = np.minimum(lung * 4, 1)
    blood = np.minimum(vessels.vessels(anatomy, pose, x.shape) * aerated, lung)
    texture = 1 + 0.06 * clouds(rng, x, y, 0.04) + 0.03 * clouds(rng, x, y, 0.2)
    density = pose.lung_density * texture * lung + (SOFT_DENSITY - pose.lung_density) * blood
    full = SOFT_DENSITY * lung
    fluid = np.zeros_like(x)
    if patches:
        fluid = disease.filling(anatomy, pose, patches, x, y) * (full - density)
    body = thorax.body(anatomy, pose, x, y) * (1 + 0.02 * clouds(rng, x, y, 0.5))
    air = thorax.airway(pose, x.shape) + _stomach(anatomy, pose, x, y)
    soft = np.maximum(body - lung - air, 0) * SOFT_DENSITY + density
    bone = bones.ribs(anatomy, pose, x.shape) + bones.girdle(anatomy, pose, x.shape)
    bone = anatomy.mineral * (bone + bones.spine(anatomy, pose, x, y))
    unit = np.float32(anatomy.unit_cm)
    path = unit * (WATER * (soft + fluid) + (BONE * BONE_DENSITY - WATER * SOFT_DENSITY) * bone)
    visible = seen & (heart < 0.05)
    return path.astype(np.float32), visible, unit * np.float32(WATER) * fluid


def _stomach(anatomy: thorax.Anatomy, pose: Pose, x: Map, y: Map) -> Map:
    if not anatomy.stomach:
        return np.zeros_like(x)
    size, top = anatomy.stomach, anatomy.dome + pose.inspiration + 0.1
    return np.float32(size * 1.6) * ellipsoid(x, y, (0.42, top + size * 0.7), (size * 1.5, size * 0.75), 0.1)


def _wide_blur(image: Map, sigma: float) -> Map:
    size = max(round(sigma * 2), 1)  # two box filters: close to a Gaussian, at a cost that does not grow with it
    return ndimage.uniform_filter(ndimage.uniform_filter(image, size, mode="nearest"), size, mode="nearest")


def _expose(path: Map, anatomy: thorax.Anatomy, rng: np.random.Generator, pose: Pose) -> Map:
    """From line integrals to what a viewing station shows: scatter, blur, quantum noise, processing, display curve."""
    scale = pose.scale
    primary = ndimage.gaussian_filter(np.exp(-path), (pose.motion * scale, 0.6 * pose.motion * scale), truncate=3)
    arriving = primary + SCATTER * _wide_blur(1 - primary, 0.3 * scale)
    arriving = ndimage.gaussian_filter(arriving, 0.0022 * scale, truncate=3)  # focal spot and detector
    quanta = 16000 * rng.uniform(0.6, 1.6) * arriving  # per pixel
    noise = rng.standard_normal(path.shape, np.float32)
    signal = -np.log(arriving) + ndimage.gaussian_filter(noise, 0.5, truncate=3) / np.sqrt(quanta)
    signal += 1.0 * (signal - _wide_blur(signal, 0.075 * scale))  # detail is enhanced, as processing units do
    high = 0.3 + 0.2 * anatomy.unit_cm * rng.uniform(0.95, 1.05)
    t = np.clip((signal - 0.08) / high, 0, None)
    t = np.where(t > 0.55, 0.55 + 0.4 * np.tanh((t - 0.55) / 0.4), t)  # the shoulder of the curve
    t **= np.float32(rng.uniform(1.1, 1.35))
    return np.clip(0.95 * t, 0, 1).astype(np.float32)


def _border(brightness: Map, rng: np.random.Generator, rows: int, columns: int) -> Map:
    """Add the collimator's shadow, on some films, and the lead letter of the patient's right or left side."""
    image = Image.fromarray(np.zeros((rows, columns), np.uint8))
    letter, size = ("R" if rng.uniform() < 0.75 else "L"), max(rows // 18, 10)
    place = (columns * (0.05 if letter == "R" else 0.92), rows * rng.uniform(0.05, 0.4))
    ImageDraw.Draw(image).text(place, letter, fill=255, font=ImageFont.load_default(size))
    marker = ndimage.gaussian_filter(np.asarray(image, np.float32) / 255, 0.6) * np.float32(0.95)
    edges = rng.uniform(0, 0.035, 4) * (rng.uniform() < 0.4)
    row, column = np.arange(rows)[:, None] / rows, np.arange(columns)[None, :] / columns
    inside = (row >= edges[0]) & (row <= 1 - edges[1]) & (column >= edges[2]) & (column <= 1 - edges[3])
    return np.maximum(brightness * inside, marker).astype(np.float32)

"""The bones of the thorax: how much compact bone the beam meets."""

import numpy as np
from solids import Map, Pose, Tube, add_tube, smoothstep
from thorax import LUNG_LATERAL, Anatomy, arm


def rib(anatomy: Anatomy, pose: Pose, number: int, side: int) -> Tube:
    """Rib 1 to 12 of one side: from the spine backwards and outwards, round the side, to its front end."""
    back = (0.02 if number > 1 else 0.0) + 0.147 * (number - 1) + 0.015 * pose.inspiration
    end = 2.3 if number < 10 else (1.9, 1.5, 0.9)[number - 10]  # radians around the chest: low ribs end early
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
    weights *= 0.65 if number > 9 else 1.0
    weights *= np.interp(theta, [0, 1.6, 1.9, end], [1.0, 0.8, 0.5, 0.0])  # bone turns into cartilage
    # A rib is a flat band: seen on its face at the back and front, on its edge where it rounds the side.
    radii = np.interp(theta, [0, 0.3, 1.15, 1.57, 1.95, 2.5], [0.034, 0.042, 0.042, 0.02, 0.038, 0.05])
    return Tube(points, radii * (0.85 if number in (1, 11, 12) else 1.0), weights)


def ribs(anatomy: Anatomy, pose: Pose, shape: tuple[int, int]) -> Map:
    """Path through the compact bone of all ribs, in thorax units."""
    total = np.zeros(shape, np.float32)
    for number in range(1, 13):
        for side in (-1, 1):
            add_tube(total, rib(anatomy, pose, number, side), pose, hollow=0.86, marrow=0.42, union=False)
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
    width = 0.13 + 0.012 * np.clip(y, -1, 3)
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
    return np.float32(0.025) * (column + 0.7 * inside + rim + pedicles + process + 0.45 * wings)

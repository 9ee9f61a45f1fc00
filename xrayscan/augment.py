"""Augmentation of whole batches on the training device, with parameters drawn for every image on its own.

Brightness augmentations stand for what differs between detectors, exposures and display curves; geometric ones for
positioning and collimation; blur and noise for detectors and re-encoding.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch.nn import functional

from xrayscan.errors import ModelError

LEVELS = 256  # of the brightness table


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far each change may go; 0 leaves it out. Half-ranges are drawn from uniformly, logarithms where noted."""

    flip: float = 0.0  # probability of a left-right mirror image
    rotation: float = 0.0  # degrees
    shift: float = 0.0  # of the side
    scale: tuple[float, float] = (0.0, 0.0)  # log of the factor by which the view widens: above 0 shrinks the film
    aspect: float = 0.0  # log
    shear: float = 0.0
    tone: float = 0.0  # probability of the next four together
    gamma: float = 0.0  # log
    contrast: float = 0.0  # log
    offset: float = 0.0
    remap: float = 0.0  # spread of a random monotone display curve
    sharpness: float = 0.0  # probability of blur, or less often of sharpening
    noise: float = 0.0  # probability
    noise_sigma: float = 0.0  # at most
    erase: float = 0.0  # probability of a grey box
    border: float = 0.0  # probability of a frame, dark or grey


PRESETS: Mapping[str, Augmentation] = MappingProxyType(
    {
        "none": Augmentation(),
        "light": Augmentation(flip=0.5, shear=0.1, scale=(-0.1, 0.1)),
        "standard": Augmentation(
            rotation=7,
            shift=0.05,
            scale=(-0.25, 0.15),
            aspect=0.12,
            tone=0.5,
            gamma=0.5,
            contrast=0.25,
            offset=0.08,
            remap=0.15,
            sharpness=0.4,
            noise=0.15,
            noise_sigma=0.03,
            erase=0.15,
            border=0.05,
        ),
        "strong": Augmentation(
            rotation=12,
            shift=0.08,
            scale=(-0.25, 0.18),
            aspect=0.15,
            shear=0.06,
            tone=0.8,
            gamma=0.6,
            contrast=0.4,
            offset=0.15,
            remap=0.5,
            sharpness=0.7,
            noise=0.4,
            noise_sigma=0.06,
            erase=0.4,
            border=0.25,
        ),
    }
)


def augment(images_B1SS: torch.Tensor, preset: str, draws: torch.Generator) -> torch.Tensor:
    """Change every image of a batch (B, 1, S, S) in [0, 1] on its own; the result has the same shape and range.

    ``draws`` is a CPU generator: the same seed gives the same parameters on every device.
    Raises: ModelError for an unknown preset.
    """
    if preset not in PRESETS:
        raise ModelError(f"unknown augmentation {preset!r}: choose among {', '.join(PRESETS)}")
    how = PRESETS[preset]
    if how == Augmentation():
        return images_B1SS
    draw = _Draw(draws, len(images_B1SS), images_B1SS.device)
    images = _tone(images_B1SS, how, draw) if how.tone else images_B1SS
    images = _affine(images, how, draw)
    images = _sharpness(images, how, draw) if how.sharpness else images
    images = _noise(images, how, draw) if how.noise else images
    images = _erase(images, how, draw) if how.erase else images
    images = _border(images, how, draw) if how.border else images
    return images.clamp(0, 1)


class _Draw:
    """Random numbers, one per image, on the images' device."""

    def __init__(self, generator: torch.Generator, count: int, device: torch.device) -> None:
        self._generator, self._count, self._device = generator, count, device

    def uniform(self, low: float, high: float) -> torch.Tensor:
        """(B, 1) in [low, high)."""
        return (torch.rand(self._count, 1, generator=self._generator) * (high - low) + low).to(self._device)

    def around(self, half: float) -> torch.Tensor:
        """(B, 1) in [-half, half)."""
        return self.uniform(-half, half)

    def chance(self, probability: float) -> torch.Tensor:
        """(B, 1) bool."""
        return self.uniform(0, 1) < probability

    def normal(self, *shape: int) -> torch.Tensor:
        """(B, *shape), standard normal."""
        return torch.randn(self._count, *shape, generator=self._generator).to(self._device)


def _tone(images: torch.Tensor, how: Augmentation, draw: _Draw) -> torch.Tensor:
    """Gamma, contrast, offset and a random monotone curve, as one table per image."""
    level = torch.linspace(0, 1, LEVELS, device=images.device).expand(len(images), -1)
    steps = torch.exp(draw.normal(8) * how.remap)
    knots = functional.pad((steps / steps.sum(1, keepdim=True)).cumsum(1), (1, 0))
    curve = functional.interpolate(knots[:, None], size=LEVELS, mode="linear", align_corners=True)[:, 0]
    curve = curve.clamp(1e-6, 1) ** torch.exp(draw.around(how.gamma))
    curve = (curve - 0.5) * torch.exp(draw.around(how.contrast)) + 0.5 + draw.around(how.offset)
    table = torch.where(draw.chance(how.tone), curve.clamp(0, 1), level)
    index = (images * (LEVELS - 1)).round().long().flatten(1)
    return table.gather(1, index).view_as(images)


def _affine(images: torch.Tensor, how: Augmentation, draw: _Draw) -> torch.Tensor:
    """Mirror, rotation, shift, zoom, aspect and shear in one resampling; what comes from outside is black."""
    angle = draw.around(math.radians(how.rotation))
    zoom, stretch = torch.exp(draw.uniform(*how.scale)), torch.exp(draw.around(how.aspect) / 2)
    shear = draw.around(how.shear)
    mirror = torch.where(draw.chance(how.flip), -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    x_row = torch.cat(
        [cos * zoom * stretch * mirror, (shear * cos - sin) * zoom / stretch, draw.around(2 * how.shift)], 1
    )
    y_row = torch.cat(
        [sin * zoom * stretch * mirror, (shear * sin + cos) * zoom / stretch, draw.around(2 * how.shift)], 1
    )
    grid = functional.affine_grid(torch.stack([x_row, y_row], 1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _sharpness(images: torch.Tensor, how: Augmentation, draw: _Draw, radius: int = 4) -> torch.Tensor:
    """Blend each image with its own Gaussian blur: 0 is blurred, 1 as it was, 2 sharpened. Two of three are blurred."""
    count, side = len(images), images.shape[-1]
    sigma = draw.uniform(0.5, 1.6) * side / 128  # pixels
    taps = torch.arange(-radius, radius + 1, device=images.device)
    kernel = torch.exp(-0.5 * (taps / sigma) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    padded = functional.pad(images.transpose(0, 1), (radius,) * 4, mode="replicate")
    rows = functional.conv2d(padded, kernel[:, None, :, None], groups=count)
    low = functional.conv2d(rows, kernel[:, None, None, :], groups=count).transpose(0, 1)
    keep = torch.where(draw.chance(0.65), draw.uniform(0, 1), draw.uniform(1, 2))
    keep = torch.where(draw.chance(how.sharpness), keep, torch.ones_like(keep))
    return low + keep[:, :, None, None] * (images - low)


def _noise(images: torch.Tensor, how: Augmentation, draw: _Draw) -> torch.Tensor:
    sigma = draw.chance(how.noise) * draw.uniform(0, how.noise_sigma)
    return images + sigma[:, :, None, None] * draw.normal(*images.shape[1:])


def _erase(images: torch.Tensor, how: Augmentation, draw: _Draw) -> torch.Tensor:
    """A box of 6 to 30 % of the side in one grey: devices, markers, burnt-in text."""
    place = torch.arange(images.shape[-1], device=images.device) / images.shape[-1]
    rows = (place - draw.uniform(0, 1)).abs() < draw.uniform(0.03, 0.15)
    columns = (place - draw.uniform(0, 1)).abs() < draw.uniform(0.03, 0.15)
    box = (rows[:, :, None] & columns[:, None, :] & draw.chance(how.erase)[:, :, None])[:, None]
    return torch.where(box, draw.uniform(0, 1)[:, :, None, None], images)


def _border(images: torch.Tensor, how: Augmentation, draw: _Draw) -> torch.Tensor:
    """A frame of up to 12 % of the side: collimation, mostly black."""
    place = torch.arange(images.shape[-1], device=images.device) / images.shape[-1]
    top, bottom, left, right = (draw.uniform(0, 0.12) for _ in range(4))
    rows, columns = (place < top) | (place >= 1 - bottom), (place < left) | (place >= 1 - right)
    frame = ((rows[:, :, None] | columns[:, None, :]) & draw.chance(how.border)[:, :, None])[:, None]
    grey = draw.chance(0.3) * draw.uniform(0, 1)
    return torch.where(frame, grey[:, :, None, None], images)

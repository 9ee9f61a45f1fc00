"""Augmentation of whole batches on the training device, with parameters drawn for every image on its own.

Brightness augmentations stand for what differs between detectors, exposures and display curves; geometric ones for
positioning and collimation; blur and noise for detectors and re-encoding.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from xrayscan.errors import ModelError
from xrayscan.network.fit import style_transfer
from xrayscan.network.fit.random_draws import KNOTS, RandomDraws
from xrayscan.network.normalise import flattened

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
    # Probabilities that another film lends its amplitudes, its histogram or its edges: `style_transfer`.
    spectrum: float = 0.0
    histogram: float = 0.0
    frame: float = 0.0
    blend: float = 0.0  # probability that another film of the same label shows through
    marks: float = 0.0  # probability of burnt-in markers and texts
    equalise: float = 0.0  # probability that half of the histogram is flattened

    @property
    def needs_partners(self) -> bool:
        """Whether films are changed after other films."""
        return max(self.spectrum, self.histogram, self.frame, self.blend) > 0


Change = Callable[[torch.Tensor, Augmentation, RandomDraws], torch.Tensor]

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
        "style": Augmentation(
            rotation=11.5,
            shift=0.06,
            scale=(-0.33, 0.06),
            aspect=0.2,
            tone=0.85,
            gamma=0.5,
            contrast=0.4,
            offset=0.15,
            sharpness=0.4,
            noise=0.4,
            noise_sigma=0.03,
            erase=0.3,
            spectrum=0.7,
            histogram=0.5,
            frame=0.3,
            blend=0.3,
            marks=0.4,
            equalise=0.3,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Partners:
    """Other films that a batch of films is changed after, one of each kind per film: (B, 1, S, S) in [0, 1]."""

    any: torch.Tensor  # of either label: lends its style
    kin: torch.Tensor  # of the same label: shows through


def augment(
    images_B1SS: torch.Tensor, preset: str, draws: RandomDraws, partners: Partners | None = None
) -> torch.Tensor:
    """Change every image of a batch (B, 1, S, S) in [0, 1] on its own; the result has the same shape and range.

    ``draws`` has a row per image. What few images draw is computed for those alone. ``partners`` are needed where the
    preset has films change after others (`Augmentation.needs_partners`).
    Raises: ModelError for an unknown preset.
    """
    if preset not in PRESETS:
        raise ModelError(f"unknown augmentation {preset!r}: choose among {', '.join(PRESETS)}")
    how = PRESETS[preset]
    if how == Augmentation():
        return images_B1SS
    images = _styled(images_B1SS.clone(), how, draws, partners)
    images = _some(_tone, "tone", how.tone, images, how, draws)
    images = _affine(images, how, draws)
    for change, name, chance in (
        (_sharpness, "sharpness", how.sharpness),
        (_noise, "noise", how.noise),
        (_erase, "erase", how.erase),
        (_border, "border", how.border),
    ):
        images = _some(change, name, chance, images, how, draws)
    return images.clamp_(0, 1)


def _styled(images: torch.Tensor, how: Augmentation, draws: RandomDraws, partners: Partners | None) -> torch.Tensor:
    """Change, in place, the style of those images that draw it."""
    if partners is not None:
        for name, change, others in (
            ("spectrum", style_transfer.spectrum, partners.any),
            ("histogram", style_transfer.histogram, partners.any),
            ("blend", style_transfer.blend, partners.kin),
            ("frame", style_transfer.frame, partners.any),
        ):
            if len(rows := draws.chosen(name, getattr(how, name))):
                at = torch.from_numpy(rows).to(images.device)
                images[at] = change(images[at], others[at], draws.rows(rows))
    images = _some(lambda some, _, drawn: style_transfer.marks(some, drawn), "marks", how.marks, images, how, draws)
    return _some(lambda some, *_: (some + flattened(some)) / 2, "equalise", how.equalise, images, how, draws)


def _some(
    change: Change, name: str, chance: float, images: torch.Tensor, how: Augmentation, draws: RandomDraws
) -> torch.Tensor:
    """Change, in place, those images that draw it."""
    rows = draws.chosen(name, chance)
    if len(rows):
        at = torch.from_numpy(rows).to(images.device)
        images[at] = change(images[at], how, draws.rows(rows))
    return images


def _tone(images: torch.Tensor, how: Augmentation, draws: RandomDraws) -> torch.Tensor:
    """Gamma, contrast, offset and a random monotone curve, as one table per image."""
    uniform = np.hstack([draws[f"knot_{n}"] for n in range(KNOTS)]).clip(1e-6, 1 - 1e-6)
    normal = torch.special.ndtri(torch.from_numpy(uniform)).numpy()
    steps = np.exp(normal * how.remap).cumsum(1)
    knots = np.hstack([np.zeros((len(draws), 1)), steps / steps[:, -1:]])
    level, place = np.linspace(0, 1, LEVELS), np.linspace(0, 1, KNOTS + 1)
    curve = np.stack([np.interp(level, place, row) for row in knots])
    curve = np.clip(curve, 1e-6, 1) ** np.exp(draws.around("gamma", how.gamma))
    curve = (curve - 0.5) * np.exp(draws.around("contrast", how.contrast)) + 0.5 + draws.around("offset", how.offset)
    table = _like(np.clip(curve, 0, 1), images)
    index = (images * (LEVELS - 1)).round().long().flatten(1)
    return table.gather(1, index).view_as(images)


def _affine(images: torch.Tensor, how: Augmentation, draws: RandomDraws) -> torch.Tensor:
    """Mirror, rotation, shift, zoom, aspect and shear in one resampling; what comes from outside is black."""
    angle = draws.around("rotation", math.radians(how.rotation))
    zoom, stretch = np.exp(draws.between("scale", *how.scale)), np.exp(draws.around("aspect", how.aspect) / 2)
    shear, mirror = draws.around("shear", how.shear), np.where(draws["flip"] < how.flip, -1.0, 1.0)
    cos, sin = np.cos(angle), np.sin(angle)
    along_x = np.hstack([cos * zoom * stretch * mirror, sin * zoom * stretch * mirror])
    along_y = np.hstack([(shear * cos - sin) * zoom / stretch, (shear * sin + cos) * zoom / stretch])
    shift = np.hstack([draws.around("shift_x", 2 * how.shift), draws.around("shift_y", 2 * how.shift)])
    side = images.shape[-1]
    place = (torch.arange(side, device=images.device) * 2 + 1) / side - 1  # of pixel centres, in [-1, 1]
    columns = place[None, None, :, None] * _like(along_x, images)[:, None, None] + _like(shift, images)[:, None, None]
    grid = columns + place[None, :, None, None] * _like(along_y, images)[:, None, None]
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _sharpness(images: torch.Tensor, how: Augmentation, draws: RandomDraws, radius: int = 4) -> torch.Tensor:
    """Blend each image with its own Gaussian blur: 0 is blurred, 1 as it was, 2 sharpened. Two of three are blurred."""
    count, side = len(images), images.shape[-1]
    sigma = draws.between("sigma", 0.5, 1.6) * side / 128  # pixels
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps = _like(kernel / kernel.sum(1, keepdims=True), images)
    padded = functional.pad(images.transpose(0, 1), (radius,) * 4, mode="replicate")
    rows = functional.conv2d(padded, taps[:, None, :, None], groups=count)
    low = functional.conv2d(rows, taps[:, None, None, :], groups=count).transpose(0, 1)
    keep = _like(draws["amount"] + (draws["direction"] >= 0.65), images)
    return low + keep[:, :, None, None] * (images - low)


def _noise(images: torch.Tensor, how: Augmentation, draws: RandomDraws) -> torch.Tensor:
    sigma = draws.between("noise_sigma", 0, how.noise_sigma)[:, :, None, None]
    return images + _like(sigma * draws.noise(images.shape[-1]), images)


def _erase(images: torch.Tensor, how: Augmentation, draws: RandomDraws) -> torch.Tensor:
    """A box of 6 to 30 % of the side in one grey: devices, markers, burnt-in text."""
    place = np.arange(images.shape[-1]) / images.shape[-1]
    rows = abs(place - draws["erase_y"]) < draws.between("erase_height", 0.03, 0.15)
    columns = abs(place - draws["erase_x"]) < draws.between("erase_width", 0.03, 0.15)
    return _painted(images, rows[:, :, None] & columns[:, None, :], draws["erase_grey"])


def _border(images: torch.Tensor, how: Augmentation, draws: RandomDraws) -> torch.Tensor:
    """A frame of up to 12 % of the side: collimation, mostly black."""
    place = np.arange(images.shape[-1]) / images.shape[-1]
    top, bottom, left, right = (draws.between(name, 0, 0.12) for name in ("top", "bottom", "left", "right"))
    rows, columns = (place < top) | (place >= 1 - bottom), (place < left) | (place >= 1 - right)
    grey = np.where(draws["border_black"] < 0.7, 0, draws["border_grey"])
    return _painted(images, rows[:, :, None] | columns[:, None, :], grey)


def _painted(images: torch.Tensor, where: npt.NDArray[np.bool_], grey: npt.NDArray[np.floating]) -> torch.Tensor:
    """Images with the places (B, S, S) in one grey (B, 1) each."""
    mask = torch.from_numpy(where[:, None]).to(images.device)
    return torch.where(mask, _like(grey, images)[:, :, None, None], images)


def _like(values: npt.NDArray[np.floating], images: torch.Tensor) -> torch.Tensor:
    """Numbers drawn on the CPU, as float32 on the images' device."""
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(images.device)

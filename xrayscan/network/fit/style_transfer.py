"""What a film looks like, apart from what it shows: exchanged between films, so that no label hangs on it.

Two labels rarely come from the same machines in the same numbers; a network that finds out learns the machine.
"""

import functools

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from xrayscan.network.fit.random_draws import RandomDraws

LOWEST = 8  # cycles per side: the frequencies below carry exposure, contrast and field of view
WIDEST = 0.14  # of the side: a frame of another film
MARKS = 192  # different ones
LEVELS = 256


def spectrum(images: torch.Tensor, partners: torch.Tensor, draws: RandomDraws) -> torch.Tensor:
    """Images (B, 1, S, S) with part of the partners' amplitudes at low frequencies, and their own phases.

    Source: Yang and Soatto, "FDA: Fourier domain adaptation for semantic segmentation", CVPR 2020, equation 3; here
    blended by a share that is drawn.
    """
    side = images.shape[-1]
    own, theirs = torch.fft.rfft2(images), torch.fft.rfft2(partners)
    rows, columns = torch.fft.fftfreq(side, 1 / side), torch.arange(own.shape[-1])
    within = (
        torch.hypot(rows[:, None], columns[None]).to(images.device)[None] <= _column(draws, "reach", images) * LOWEST
    )
    share = within[:, None] * _column(draws, "spectrum_share", images)[:, None]
    amplitude = own.abs() * (1 - share) + theirs.abs() * share
    blended: torch.Tensor = torch.fft.irfft2(torch.polar(amplitude, own.angle()), s=images.shape[-2:])
    return blended.clamp(0, 1)


def histogram(images: torch.Tensor, partners: torch.Tensor, draws: RandomDraws) -> torch.Tensor:
    """Images blended, by a share that is drawn, with themselves at the partners' grey levels, rank for rank."""
    ranks = images.flatten(1).argsort(stable=True, dim=1)
    matched = torch.empty_like(partners.flatten(1)).scatter_(1, ranks, partners.flatten(1).sort(1).values)
    share = _column(draws, "histogram_share", images)[:, None]
    return images * (1 - share) + matched.view_as(images) * share


def blend(images: torch.Tensor, partners: torch.Tensor, draws: RandomDraws) -> torch.Tensor:
    """Images with up to half of their partners, films of the same label, showing through.

    Source: Yao et al., "Improving out-of-distribution robustness via selective augmentation", ICML 2022: what two films
    of one label and of different styles have in common is the label.
    """
    share = _column(draws, "blend_share", images)[:, None] / 2
    return images * (1 - share) + partners * share


def frame(images: torch.Tensor, partners: torch.Tensor, draws: RandomDraws) -> torch.Tensor:
    """Images with the edges of their partners: collimation, markers and burnt-in text of another film."""
    place = (np.arange(images.shape[-1]) + 0.5) / images.shape[-1]
    top, bottom, left, right = (_width(draws[f"frame_{name}"]) for name in ("top", "bottom", "left", "right"))
    rows, columns = (place < top) | (place > 1 - bottom), (place < left) | (place > 1 - right)
    outside = torch.from_numpy((rows[:, :, None] | columns[:, None, :])[:, None]).to(images.device)
    return torch.where(outside, partners, images)


def marks(images: torch.Tensor, draws: RandomDraws) -> torch.Tensor:
    """Images with side markers and exposure texts burnt in."""
    bank = mark_masks(images.shape[-1])[(draws["mark"][:, 0] * MARKS).astype(int)]
    mask = torch.from_numpy(bank[:, None].astype(np.float32) / (LEVELS - 1)).to(images.device)
    ink = (0.45 + 0.55 * _column(draws, "mark_ink", images))[:, None]
    return images * (1 - mask) + torch.maximum(images, ink) * mask


@functools.cache
def mark_masks(side: int) -> npt.NDArray[np.uint8]:
    """What may be burnt into a film, as opacities (MARKS, side, side)."""
    rng = np.random.default_rng(0)
    return np.stack([_mask(side, rng) for _ in range(MARKS)])


def _mask(side: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    mask = Image.new("L", (side, side))
    if (kind := rng.random()) < 0.75:
        _write(mask, "L" if rng.random() < 0.2 else "R", rng.uniform(0.06, 0.2), rng)
    if kind > 0.5:
        _write(mask, _text(rng), rng.uniform(0.035, 0.075), rng)
        if rng.random() < 0.5:
            _write(mask, f"S:{rng.integers(100, 900)}", rng.uniform(0.035, 0.06), rng)
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.7))))


def _text(rng: np.random.Generator) -> str:
    whole = rng.integers
    texts = (
        f"{whole(50, 91)}KV {whole(1, 10)}.{whole(10)}mAs",
        f"{whole(50, 81)} KV",
        f"{whole(24):02d}:{whole(60):02d}:{whole(60):02d}",
        f"20{whole(8, 17):02d}-{whole(1, 13):02d}-{whole(1, 29):02d}",
        "AP",
        "SUPINE",
        f"{whole(100000, 1000000)}",
    )
    return texts[int(whole(len(texts)))]


def _write(mask: Image.Image, text: str, height: float, rng: np.random.Generator) -> None:
    """Write into one of the four corners; ``height`` is a share of the side."""
    font = ImageFont.load_default(max(6, int(height * mask.width)))
    *_, width, tall = ImageDraw.Draw(mask).textbbox((0, 0), text, font=font)
    patch = Image.new("L", (int(width) + 2, int(tall) + 2))
    ImageDraw.Draw(patch).text((0, 0), text, 255, font)
    patch = patch.rotate(rng.uniform(-15, 15) if rng.random() < 0.3 else 0, expand=True)
    x, y = (int(value) for value in rng.uniform(0.01, 0.1, 2) * mask.width)
    at = (
        x if rng.random() < 0.5 else mask.width - patch.width - x,
        y if rng.random() < 0.5 else mask.width - patch.height - y,
    )
    mask.paste(255, at, patch)


def _width(drawn: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """How wide one edge of a frame is, as a share of the side: two of five edges stay."""
    return np.asarray(np.clip(drawn - 0.4, 0, 1) / 0.6 * WIDEST)


def _column(draws: RandomDraws, name: str, images: torch.Tensor) -> torch.Tensor:
    """One column of numbers in [0, 1), as (B, 1, 1) on the images' device."""
    return torch.from_numpy(np.ascontiguousarray(draws[name])).to(images.device)[:, :, None]

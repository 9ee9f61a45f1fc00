"""What JPEG leaves of an image, computed on the device: films that were never JPEGs then look like those that were.

A network that learned on JPEGs alone takes the absence of their losses for a sign. Where every film loses the same at
the network's own side, how it was stored before tells the network little. Coefficients go to their steps smoothly,
where JPEG lets them jump, so that a film that is a grey level apart here and there gives nearly the same.
"""

import functools

import torch
from torch.nn import functional

BLOCK = 8  # pixels
LEVELS = 255
TURNS = 2  # of the smooth staircase: each brings a coefficient nearer to its step; a change grows fourfold at most
LUMINANCE = (  # steps of the 64 coefficients at quality 50: ITU-T T.81 (1992), table K.1
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)


def jpeg_losses(images_B1SS: torch.Tensor, quality: int) -> torch.Tensor:
    """Images (B, 1, S, S) float32 in [0, 1] nearly as a grey JPEG of this quality, 1 to 100, gives them back.

    Always in fp32, whatever the network computes in.
    """
    side = images_B1SS.shape[-1]
    with torch.autocast(images_B1SS.device.type, enabled=False):
        transform, steps = (constant.to(images_B1SS) for constant in _constants(quality))
        coefficients = _blocks(images_B1SS * LEVELS - (LEVELS + 1) // 2) @ transform.T
        found = _joined(_stepped(coefficients / steps) * steps @ transform) + (LEVELS + 1) // 2
    return found[..., :side, :side].clamp(0, LEVELS) / LEVELS


def _stepped(coefficients: torch.Tensor) -> torch.Tensor:
    """Coefficients, given in steps, near to the next whole one; one half-way between two stays where it is."""
    for _ in range(TURNS):
        coefficients = coefficients - torch.sin(2 * torch.pi * coefficients) / (2 * torch.pi)
    return coefficients


@functools.cache
def _constants(quality: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The cosine transform of a block as a matrix (64, 64), and the step of each coefficient (64,).

    Sources: ITU-T T.81, section A.3.3; libjpeg, `jpeg_quality_scaling`, for the steps of a quality.
    """
    place = torch.arange(BLOCK, dtype=torch.float64)
    cosines = torch.cos((2 * place + 1) * place[:, None] * torch.pi / (2 * BLOCK)) / 2
    cosines[0] /= 2**0.5
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality  # percent
    steps = [min(max((step * scale + 50) // 100, 1), 255) for step in LUMINANCE]
    return torch.kron(cosines, cosines).float(), torch.tensor(steps, dtype=torch.float32)


def _blocks(images_B1SS: torch.Tensor) -> torch.Tensor:
    """Images cut into blocks (B, n, n, 64), the last row and column repeated to the end of the last block."""
    more = -images_B1SS.shape[-1] % BLOCK
    padded = functional.pad(images_B1SS, (0, more, 0, more), "replicate")
    blocks = padded.shape[-1] // BLOCK
    return padded.view(-1, blocks, BLOCK, blocks, BLOCK).transpose(2, 3).reshape(-1, blocks, blocks, BLOCK * BLOCK)


def _joined(blocks: torch.Tensor) -> torch.Tensor:
    """The reverse of `_blocks`: images (B, 1, S, S)."""
    side = blocks.shape[1] * BLOCK
    return blocks.view(*blocks.shape[:3], BLOCK, BLOCK).transpose(2, 3).reshape(-1, 1, side, side)

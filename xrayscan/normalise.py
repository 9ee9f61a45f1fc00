"""Normalisation on the device: from brightness in [0, 1] to what a network was trained on."""

import torch

from xrayscan.card import InputSpec

EPSILON = 1e-3  # keeps a film of one grey level finite


def normalise(images_B1SS: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """Images (B, 1, S, S) float32 in [0, 1] → network input (B, C, S, S), as ``spec.normalise`` says."""
    if spec.normalise == "per_image":
        deviation, mean = torch.std_mean(images_B1SS, dim=(2, 3), keepdim=True, correction=0)
        images = (images_B1SS - mean) / (deviation + EPSILON)
    else:
        if spec.normalise == "equalise":
            images_B1SS = equalise(images_B1SS)
        images = images_B1SS
    images = images.expand(-1, spec.channels, -1, -1)
    if spec.normalise != "per_image":
        shape = (1, -1, 1, 1)
        images = (images - images.new_tensor(spec.mean).view(shape)) / images.new_tensor(spec.std).view(shape)
    return images.contiguous(memory_format=torch.channels_last)


def equalise(images_B1SS: torch.Tensor, levels: int = 256) -> torch.Tensor:
    """Flatten each image's histogram: every grey level becomes the share of pixels at or below it, mid-rank.

    Source: Gonzalez and Woods, "Digital Image Processing", section 3.3 (histogram equalisation).
    """
    count = len(images_B1SS)
    level = (images_B1SS.clamp(0, 1) * (levels - 1)).round().long().view(count, -1)
    histogram = torch.zeros(count, levels, device=level.device).scatter_add_(1, level, torch.ones_like(level).float())
    share = (histogram.cumsum(1) - histogram / 2) / level.shape[1]
    return share.gather(1, level).view_as(images_B1SS)

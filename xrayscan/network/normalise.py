"""Normalisation on the device: from brightness in [0, 1] to what a network was trained on."""

import math

import torch

from xrayscan.model.input_spec import InputSpec
from xrayscan.network.jpeg_losses import jpeg_losses

LEVELS = 256
EPSILON = 1 / (LEVELS - 1) ** 2  # variance of one grey level: keeps a film of a single grey finite


def normalise(images_B1SS: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """Images (B, 1, S, S) float32 in [0, 1] → network input (B, C, S, S), as ``spec.normalise`` says."""
    images = jpeg_losses(images_B1SS, spec.jpeg_quality) if spec.jpeg_quality else images_B1SS
    if spec.normalise == "per_image":
        images = standardise(images)
    elif spec.normalise == "equalise":
        images = equalise(images)
    elif spec.normalise == "blend":
        images = (standardise(images) + equalise(images)) / 2
    images = images.expand(-1, spec.channels, -1, -1)
    if spec.normalise == "fixed":
        mean, std = (images.new_tensor(values).view(1, -1, 1, 1) for values in (spec.mean, spec.std))
        images = (images - mean) / std
    return images.contiguous(memory_format=torch.channels_last)


def standardise(images_B1SS: torch.Tensor) -> torch.Tensor:
    """Give every image mean 0 and variance 1."""
    flat = images_B1SS.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    variance = centred.square().mean(1, keepdim=True)  # a third of the time of torch.var_mean
    return (centred * torch.rsqrt(variance + EPSILON)).view_as(images_B1SS)


def equalise(images_B1SS: torch.Tensor) -> torch.Tensor:
    """Replace every grey level by its mid-rank among the image's pixels, scaled to mean 0 and variance about 1."""
    return (flattened(images_B1SS) - 0.5) * math.sqrt(12)  # a uniform distribution over [0, 1] has variance 1 / 12


def flattened(images_B1SS: torch.Tensor) -> torch.Tensor:
    """Replace every grey level by its mid-rank among the image's pixels, in (0, 1).

    Source: Gonzalez and Woods, "Digital Image Processing", section 3.3 (histogram equalisation).
    """
    level = (images_B1SS.clamp(0, 1) * (LEVELS - 1)).round().long().flatten(1)
    ones = torch.ones_like(level, dtype=torch.int32)  # whole numbers: a runtime that rounds to bf16 cannot count
    counts = ones.new_zeros((level.shape[0], LEVELS)).scatter_add(1, level, ones)
    rank = (2 * counts.cumsum(1, dtype=torch.int32) - counts).float() / (2 * level.shape[1])
    return rank.gather(1, level).view_as(images_B1SS)

"""A network on its device: from uint8 pixels to raw logits."""

import contextlib

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xrayscan.errors import ModelError
from xrayscan.model.backend import Pixels, Placement
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.normalise import normalise

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def predicted(network: nn.Module, pixels: Pixels, spec: InputSpec, placement: Placement) -> npt.NDArray[np.float32]:
    """Pixels (B, S, S) uint8 → raw logits (B,) float32, by way of the device."""
    with torch.inference_mode():
        images = normalise(images_of(pixels, placement.device), spec)
        with autocast(placement):
            logits: torch.Tensor = network(images)
        return logits.flatten().float().cpu().numpy()


def refuse_misshapen(network: nn.Module, spec: InputSpec, backend: str) -> None:
    """Try a network on two blank images. Raises: ModelError unless it turns them into one logit each."""
    shape = (2, spec.channels, spec.side, spec.side)
    try:
        with torch.no_grad():  # not inference_mode: what a network remembers must still be fit for training
            logits = network.eval()(torch.zeros(shape))
    except Exception as error:
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"backend {backend!r}: its network fails on images {shape}, which spec promises: {why}"
        ) from error
    found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
    if found not in ((2,), (2, 1)):
        raise ModelError(
            f"backend {backend!r}: its network turns images {shape} into {found}, not logits (2, 1) or (2,)"
        )


def images_of(pixels: Pixels, device: str) -> torch.Tensor:
    """Pixels (B, S, S) uint8 → images (B, 1, S, S) float32 in [0, 1], converted on the device."""
    own = np.require(pixels, requirements=["C", "W"])  # a copy only where needed: torch warns of read-only arrays
    return torch.from_numpy(own).to(device, non_blocking=True).unsqueeze(1).float() / 255


def autocast(placement: Placement) -> contextlib.AbstractContextManager[None]:
    """Compute in the placement's precision inside this context."""
    return torch.autocast(
        placement.device.partition(":")[0], DTYPES[placement.precision], enabled=placement.precision != "fp32"
    )


def placed(network: nn.Module, placement: Placement) -> nn.Module:
    """Move a network to its device, in the memory layout that convolutions like."""
    return network.to(placement.device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

"""A network that several processes train on one batch: each has its part of the films, all take the same step."""

from typing import Any

import torch
from torch import distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from xrayscan.model.ranks import Ranks


def with_shared_norms(network: nn.Module, ranks: Ranks, device: str) -> nn.Module:
    """Have batch norms see the whole batch, not the part of one process. Names and weights stay."""
    if ranks.size == 1:
        return network
    if device.startswith("cuda"):
        return nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-any-return, no-untyped-call]
    return _converted(network)


def data_parallel(network: nn.Module, ranks: Ranks) -> nn.Module:
    """The network as it is called in training: gradients become the mean over the processes in the backward pass.

    All begin with the weights of the first process.
    """
    return DistributedDataParallel(network) if ranks.size > 1 else network


def _converted(module: nn.Module) -> nn.Module:
    if isinstance(module, _BatchNorm):
        return SharedBatchNorm.from_norm(module)
    for name, child in module.named_children():
        setattr(module, name, _converted(child))
    return module


class SharedBatchNorm(_BatchNorm):
    """Batch norm over the parts of all processes on CPUs, for which torch.nn.SyncBatchNorm is not made.

    Source: Ioffe and Szegedy, "Batch normalization", ICML 2015; the variances of parts put together as in Chan et al.,
    "Updating formulae and a pairwise algorithm for computing sample variances" (1979), about the running mean.
    """

    @classmethod
    def from_norm(cls, norm: _BatchNorm) -> "SharedBatchNorm":
        """The same norm, with the same tensors."""
        made = cls(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        made.__dict__ = norm.__dict__.copy()
        return made

    def _check_input_dim(self, input: torch.Tensor) -> None:
        """Any (B, C, ...)."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise (B, C, ...); in training by mean and variance of the whole batch."""
        if not self.training:
            return super().forward(input)
        places = [axis for axis in range(input.ndim) if axis != 1]
        variance, mean = torch.var_mean(input.float(), places, correction=0)
        about = 0.0 if self.running_mean is None else self.running_mean.clone()
        count = input.numel() // input.shape[1]
        parts = torch.stack([torch.ones_like(mean), mean - about, variance + (mean - about) ** 2]) * count
        total, first, second = _Sum.apply(parts)
        shift = first / total
        variance, mean = (second / total - shift**2).clamp(min=0), shift + about
        self._remember(mean.detach(), (variance * total / (total - 1).clamp(min=1)).detach())
        return _scaled(input, mean, variance, self)

    def _remember(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class _Sum(torch.autograd.Function):
    """The sum over all processes, which each process's part raises in all of them."""

    @staticmethod
    def forward(ctx: Any, part: torch.Tensor) -> torch.Tensor:
        return _summed(part)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return _summed(gradient)


def _summed(part: torch.Tensor) -> torch.Tensor:
    total = part.contiguous().clone()
    distributed.all_reduce(total)
    return total


def _scaled(images: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor, norm: Any) -> torch.Tensor:
    factor = torch.rsqrt(variance + norm.eps)
    factor = factor if norm.weight is None else factor * norm.weight
    offset = -mean * factor if norm.bias is None else norm.bias - mean * factor
    shape = (1, -1, *[1] * (images.ndim - 2))
    return (images * factor.view(shape) + offset.view(shape)).to(images.dtype)

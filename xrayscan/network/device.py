"""Which device a model runs on, and how exactly it computes there."""

import ctypes
import platform
import sys
from collections.abc import Callable
from typing import Literal, cast

from xrayscan.errors import UsageError
from xrayscan.files.text import nearest
from xrayscan.model.backend import Placement, Precision
from xrayscan.runtime.interface import AT_ONCE, cores

PrecisionChoice = Literal["auto", "fp32", "bf16", "fp16"]


def place(device: str = "auto", precision: str = "auto") -> Placement:
    """Resolve ``auto`` and check what was asked for against the hardware.

    ``device``: auto | cpu | cuda[:N] | mps. ``precision``: auto | fp32 | bf16 | fp16; auto is the fastest that the
    hardware computes natively, which is bf16 on CPUs with AMX or AVX-512 BF16 and on NVIDIA GPUs since Ampere, fp16
    on older NVIDIA GPUs, and fp32 elsewhere.
    Raises: UsageError for a device that is not there, or fp16 on a CPU.
    """
    where = _device(device)
    kind = where.partition(":")[0]
    if precision == "auto":
        return Placement(where, _best_precision(kind))
    if precision not in ("fp32", "bf16", "fp16"):
        raise UsageError(f"unknown precision {precision!r}: choose auto, fp32, bf16 or fp16")
    if precision == "fp16" and kind == "cpu":
        raise UsageError("fp16 is for GPUs: on a CPU choose bf16 or fp32")
    return Placement(where, cast(Precision, precision))


def devices_there(device: str) -> tuple[str, int]:
    """The kind of device that is meant, and how many of it this process may use: GPUs, or cores of the CPU.

    One that is named by its number is one. Raises: as `place`.
    """
    import torch

    kind = _device(device).partition(":")[0]
    if kind != "cuda":
        return kind, cores() if kind == "cpu" else 1
    return kind, 1 if ":" in device else torch.cuda.device_count()


def default_batch_size(placement: Placement) -> int:
    """Films per batch that keep the device busy at 128 to 224 px without needing much memory.

    A last batch is filled up: small ones on a CPU, where larger ones are no faster, spare a short scan most of that.
    """
    return {"cuda": 256, "mps": 64}.get(placement.device.partition(":")[0], AT_ONCE)


def streams(placement: Placement) -> int:
    """How many batches to score at the same time: one per core on a CPU, one on a GPU.

    On a CPU, a batch per core beats all cores on one batch by half: layers need not wait for their slowest thread.
    Goes with `one_thread_each`.
    """
    if placement.device != "cpu":
        return 1
    return cores()


def one_thread_each(placement: Placement) -> Callable[[], None]:
    """Let every stream compute in its own thread alone; returns what restores torch's number of threads."""
    if placement.device != "cpu" or "torch" not in sys.modules:  # what other runtimes do is settled when they start
        return lambda: None
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    return lambda: torch.set_num_threads(before)


def keep_memory() -> None:
    """Let this process keep the memory that it frees, to use it again: for training on a CPU, under glibc.

    A network's activations are larger than what glibc takes from its heap, so that every step would ask the kernel for
    fresh pages and give them back: half of the time of a small network and more.
    Source: mallopt(3), M_MMAP_MAX and M_TRIM_THRESHOLD.
    """
    trim_threshold, mmap_max = -1, -4
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)


def _device(device: str) -> str:
    import torch

    kind, _, index = device.partition(":")
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if device == "cpu":
        return device
    if device == "mps":
        if torch.backends.mps.is_available():
            return device
        raise UsageError("no Apple GPU (mps) here: choose --device auto or cpu")
    if kind == "cuda" and (index.isdigit() or not index):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(index or 0) < count:
            return f"cuda:{int(index or 0)}"
        raise UsageError(f"no device {device} here ({count} CUDA devices found): choose --device auto or cpu")
    near = nearest(kind, ("auto", "cpu", "cuda", "mps"))
    raise UsageError(f"unknown device {device!r}{near}: choose auto, cpu, cuda, cuda:N or mps")


def _best_precision(kind: str) -> Precision:
    import torch

    if kind == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if kind == "cpu" and cpu_has_bf16():
        return "bf16"
    return "fp32"


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bf16 in hardware (AMX-BF16 or AVX-512 BF16); emulated, it is slower than fp32."""
    import torch

    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))

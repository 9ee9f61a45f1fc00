"""What a runtime is: a name, where it runs, and how it makes a function of a network."""

import os
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import Pixels, Placement, Precision

if TYPE_CHECKING:
    from torch import nn

AT_ONCE = 8  # films on a CPU: what a network's first layers say of more falls out of a core's share of the cache
EAGER = "torch"  # the runtime of torch as it stands: what every other one has to agree with
LOGITS, FEATURES = "logits", "features/"  # names of a graph's outputs: the second before a layer's name
CELLS = "cells/"  # before how many pixels further right and down its cells look than where they seem to lie


class Compiled(Protocol):
    """A network made ready to run. Several threads may call it at the same time."""

    # LOGITS, FEATURES with the name of every layer that is read, and CELLS where the network has a linear head
    outputs: tuple[str, ...]

    def __call__(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], ...]:
        """Pixels (B, S, S) uint8, any B → what the outputs hold, in their order: logits (B,), features (B, F),
        and how much each cell of the last layer with places raised the logit (B, h, w), from 0."""
        ...


class Program(Protocol):
    """A network with all that turns pixels into logits, normalisation included, in either of two forms."""

    outputs: tuple[str, ...]  # as those of `Compiled`

    def module(self) -> "nn.Module":
        """A network of torch on the CPU in fp32: pixels (B, S, S) uint8 → a tuple of the outputs."""
        ...

    def onnx(self) -> bytes:
        """The same as an ONNX graph with the input ``pixels`` (B, S, S) uint8, and outputs of these names."""
        ...


@runtime_checkable
class Runtime(Protocol):
    """A way to compute networks. Register one from a plugin's ``register_runtimes`` hook."""

    name: str
    summary: str  # one line for ``xrayscan models``
    graphs: tuple[str, ...]  # formats of graphs of which it needs nothing else, torch least of all: onnx, openvino
    setup_seconds: float  # that making a network ready takes, roughly: beyond 10, it is measured only if asked for

    def missing(self, placement: Placement) -> str | None:
        """Why it cannot run here, such as a package to be installed; None where it can. Imports nothing heavy."""
        ...

    def precisions(self, device: str) -> tuple[Precision, ...]:
        """In which precisions it computes on a device, fp32 among them; those first that are expected to be fast."""
        ...

    def compile(self, program: Program, placement: Placement) -> Compiled:
        """Make a network ready to run on a device, one thread to a call. Raises: whatever it finds it cannot do."""
        ...


def why_missing(runtime: Runtime, placement: Placement) -> str | None:
    """Why a runtime cannot run there, be it that it fails to say; None where it can. A broken one costs no scan."""
    try:
        return runtime.missing(placement)
    except Exception as error:
        return f"it failed with {type(error).__name__}"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    import importlib.util

    return importlib.util.find_spec(package) is not None


def has_bf16() -> bool:
    """Whether this CPU multiplies bf16 in hardware (AMX-BF16 or AVX-512 BF16), as Linux tells; False where unknown."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags

"""The runtimes of torch itself: as it stands, fused into fewer operators, and compiled to machine code."""

import shutil
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import Pixels, Placement, Precision
from xrayscan.runtime.interface import EAGER, Compiled, Program, has_bf16


class Eager:
    """Torch, operator by operator: it runs every network, on every device."""

    name = EAGER
    summary = "torch, operator by operator: what every other runtime has to agree with"
    graphs: tuple[str, ...] = ()
    setup_seconds = 0.5

    def missing(self, placement: Placement) -> str | None:
        """It is always there."""
        return None

    def precisions(self, device: str) -> tuple[Precision, ...]:
        """All that the hardware multiplies."""
        if device == "cpu":
            return ("bf16", "fp32") if has_bf16() else ("fp32",)
        return ("fp16", "fp32") if device == "mps" else ("bf16", "fp16", "fp32")

    def compile(self, program: Program, placement: Placement) -> Compiled:
        """Take the network as it is."""
        return _Called(program.module(), program.outputs)


class _OnCpu:
    """What runs on the CPU only, and is exact in fp32 only."""

    graphs: tuple[str, ...] = ()

    def missing(self, placement: Placement) -> str | None:
        """It runs on the CPU only."""
        return None if placement.device == "cpu" else "it runs on the CPU only"

    def precisions(self, device: str) -> tuple[Precision, ...]:
        """What it was found to be exact in."""
        return ("fp32",)


class Fused(_OnCpu):
    """Torch, with batch norms folded into convolutions, activations fused and weights packed once; in fp32."""

    name = "torch-fused"
    summary = "torch on the CPU, with norms folded and operators fused"
    setup_seconds = 3.0

    def compile(self, program: Program, placement: Placement) -> Compiled:
        """Record one pass and let torch's graph optimiser at it."""
        import torch

        module = program.module()
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is called old; and that shapes were noted
            traced = torch.jit.trace(module, _example(module))  # type: ignore[no-untyped-call]
            return _Called(torch.jit.optimize_for_inference(torch.jit.freeze(traced)), program.outputs)


class Inductor(_OnCpu):
    """Torch, compiled to machine code by a C++ compiler: the slowest to start by far."""

    name = "torch-compile"
    summary = "torch on the CPU, compiled to machine code; it needs a C++ compiler and a minute"
    setup_seconds = 60.0

    def missing(self, placement: Placement) -> str | None:
        """It needs a compiler."""
        compiler = any(map(shutil.which, ("g++", "clang++", "c++")))
        return super().missing(placement) or (None if compiler else "there is no C++ compiler here")

    def compile(self, program: Program, placement: Placement) -> Compiled:
        """Compile for any number of films, with the weights as constants."""
        import torch

        options: dict[str, Any] = {"freezing": True}
        compiled = torch.compile(program.module(), dynamic=False, options=options)
        return _Called(compiled, program.outputs)


class _Called:
    """A module of torch behind the interface of arrays."""

    def __init__(self, module: Any, outputs: tuple[str, ...]) -> None:
        self._module, self.outputs = module, outputs

    def __call__(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], ...]:
        """Run a batch."""
        import torch

        own = np.require(pixels, requirements=["C", "W"])
        with torch.no_grad():
            return tuple(found.numpy() for found in self._module(torch.from_numpy(own)))


def _example(module: Any) -> Any:
    import torch

    return torch.zeros((2, module.side, module.side), dtype=torch.uint8)

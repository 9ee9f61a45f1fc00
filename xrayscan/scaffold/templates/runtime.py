"""A runtime: torch, one call at a time, from which another way to compute networks may start."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan import Compiled, Placement, Program, Runtime, hookimpl


class Network:
    """A network that is ready to run; several threads may call it at the same time."""

    def __init__(self, module: Any, outputs: tuple[str, ...]) -> None:
        self.module, self.outputs = module, outputs
        self.lock = threading.Lock()  # a module of torch keeps what it finds on the way

    def __call__(self, pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], ...]:
        """Pixels (B, S, S) uint8 → what the outputs hold, in their order."""
        import torch

        with self.lock, torch.inference_mode():
            return tuple(output.float().numpy() for output in self.module(torch.from_numpy(pixels.copy())))


class MyPlugin:
    """What ``--runtime my-plugin`` computes with."""

    name = "my-plugin"
    summary = "torch on the CPU in fp32"
    graphs: tuple[str, ...] = ()  # "onnx" if it can run a graph alone, without torch
    setup_seconds = 0.5

    def missing(self, placement: Placement) -> str | None:
        """Why it cannot run there; None where it can."""
        return None if placement.device == "cpu" else "it runs on the CPU only"

    def precisions(self, device: str) -> tuple[Any, ...]:
        """In which precisions it computes: fp32 among them."""
        return ("fp32",)

    def compile(self, program: Program, placement: Placement) -> Compiled:
        """Make a network ready: ``program.module()`` is one of torch, ``program.onnx()`` the same as a graph."""
        return Network(program.module().eval(), program.outputs)


@hookimpl
def register_runtimes(register: Callable[[Runtime], None]) -> None:
    """Offer the runtime."""
    register(MyPlugin())

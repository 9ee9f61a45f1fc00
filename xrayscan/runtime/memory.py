"""What was measured of a model on this machine, and its ONNX graph, kept in the user's cache for the next command.

One entry per model, machine and versions of the packages that compute. The folder may be deleted at any time; what is
damaged in it, or lies where others may write, counts as missing.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from xrayscan.errors import OutputError
from xrayscan.files.atomic import atomic_file
from xrayscan.files.json_text import parsed
from xrayscan.files.regular import read_regular
from xrayscan.runtime.interface import cores

PACKAGES = ("xrayscan", "torch", "onnx", "onnxruntime", "openvino")  # what they compute changes with their versions
FORMAT = 3  # raised when films, tolerance, measurement or a graph's outputs change
GRAPHS = 8  # kept at most: about as many megabytes each as the model has million weights, times four


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way to compute a model came to on this machine."""

    setup: float  # s until the first film could be scored
    per_film: float  # s on one core
    error: float  # in probability, against fp32 in torch: see `xrayscan.network.choice`


@dataclass(slots=True)
class Memory:
    """One entry."""

    path: str  # without suffix
    measured: dict[str, Measured] = field(default_factory=dict)  # by runtime and precision
    graph_digest: str = ""

    @classmethod
    def of(cls, fingerprint: str) -> "Memory":
        """Return what is known of the model with this fingerprint; nothing, if that is not to be had or trusted."""
        key = hashlib.sha256(json.dumps([FORMAT, fingerprint, *_machine()]).encode()).hexdigest()[:32]
        memory = cls(os.path.join(_folder(), key))
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            if _own(os.path.dirname(memory.path)):
                memory._take(parsed(read_regular(f"{memory.path}.json")))
        return memory

    def _take(self, found: dict[str, Any]) -> None:
        if found.pop("sha256") == _digest(found):
            self.measured = {name: Measured(**values) for name, values in found["measured"].items()}
            self.graph_digest = str(found["graph"])

    def save(self) -> None:
        """Keep it, if the cache can be written; a command that cannot remember works all the same."""
        measured = {name: asdict(values) for name, values in self.measured.items()}
        found: dict[str, Any] = {"measured": measured, "graph": self.graph_digest}
        self._write(".json", json.dumps({**found, "sha256": _digest(found)}).encode())

    def graph(self) -> bytes:
        """The model's ONNX graph; empty where there is none."""
        if self.graph_digest:
            with contextlib.suppress(OSError):
                data = read_regular(f"{self.path}.onnx")
                if hashlib.sha256(data).hexdigest() == self.graph_digest:
                    return data
        return b""

    def keep_graph(self, graph: bytes) -> None:
        """Keep the model's ONNX graph, and only the newest of others."""
        self.graph_digest = hashlib.sha256(graph).hexdigest()
        self._write(".onnx", graph)
        self.save()
        with contextlib.suppress(OSError):
            graphs = [entry for entry in os.scandir(os.path.dirname(self.path)) if entry.name.endswith(".onnx")]
            for entry in sorted(graphs, key=lambda one: one.stat().st_mtime, reverse=True)[GRAPHS:]:
                os.unlink(entry.path)

    def _write(self, suffix: str, data: bytes) -> None:
        with contextlib.suppress(OSError, OutputError):
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            if _own(os.path.dirname(self.path)):
                with atomic_file(f"{self.path}{suffix}") as file:
                    file.write(data)


def _folder() -> str:
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("xrayscan", appauthor=False), "runtimes")


def _own(folder: str) -> bool:
    """Whether a folder is the user's, and nobody else may write to it."""
    found = os.stat(folder)
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _digest(found: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _machine() -> tuple[Any, ...]:
    versions = []
    for package in PACKAGES:
        try:
            versions.append(importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            versions.append("")
    return platform.machine(), processor(), cores(), versions


def processor() -> str:
    """The name of this machine's processor, as far as the system tells."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    return platform.processor()

"""The runtimes that take an ONNX graph and need no torch: ONNX Runtime and OpenVINO, both on the CPU."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import Pixels, Placement, Precision
from xrayscan.runtime.graph_program import GraphProgram
from xrayscan.runtime.interface import AT_ONCE, CELLS, FEATURES, LOGITS, Compiled, Program, cores, has_bf16, installed
from xrayscan.runtime.offline import report_nothing

CPU_ONLY = "it runs on the CPU only"


class OnnxRuntime:
    """Microsoft's ONNX Runtime, in fp32."""

    name = "onnxruntime"
    summary = "ONNX Runtime on the CPU: what a scan takes where it agrees with torch"
    graphs: tuple[str, ...] = ("onnx",)
    setup_seconds = 3.0

    def missing(self, placement: Placement) -> str | None:
        """Why it cannot run here."""
        return _missing("onnxruntime", "onnxruntime", placement)

    def precisions(self, device: str) -> tuple[Precision, ...]:
        """Its kernels for bf16 on CPUs are few."""
        return ("fp32",)

    def compile(self, program: Program, placement: Placement) -> Compiled:
        """Optimise the graph for this CPU."""
        return _Session(program.onnx())


class OpenVino:
    """Intel's OpenVINO, in fp32, or in bf16 where the CPU has it."""

    name = "openvino"
    summary = "OpenVINO on the CPU: pip install 'xrayscan[openvino]'"
    graphs: tuple[str, ...] = ("onnx", "openvino")
    setup_seconds = 3.0

    def missing(self, placement: Placement) -> str | None:
        """Why it cannot run here."""
        return _missing("openvino", "xrayscan[openvino]", placement)

    def precisions(self, device: str) -> tuple[Precision, ...]:
        """All that the CPU multiplies."""
        return ("bf16", "fp32") if has_bf16() else ("fp32",)

    def compile(self, program: Program, placement: Placement) -> Compiled:
        """Compile the graph for this CPU."""
        graph = (program.graph, program.weights) if isinstance(program, GraphProgram) else (program.onnx(), b"")
        return _Requests(*graph, placement.precision)


class _Session:
    """A graph in ONNX Runtime."""

    def __init__(self, graph: bytes) -> None:
        report_nothing()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def __call__(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], ...]:
        """Run a batch, a few films at a time."""
        starts = range(0, max(len(pixels), 1), AT_ONCE)
        parts = [self._session.run(None, {self._input: pixels[at : at + AT_ONCE]}) for at in starts]
        return tuple(np.concatenate(found) for found in zip(*parts, strict=True))


class _Requests:
    """A graph in OpenVINO: one request per thread that asks."""

    def __init__(self, graph: bytes, weights: bytes, precision: Precision) -> None:
        import openvino

        core = openvino.Core()
        read = core.read_model(graph, weights) if weights else core.read_model(graph)
        self._model = core.compile_model(read, "CPU", _settings(precision))
        self._places = {name: at for at, port in enumerate(self._model.outputs) for name in port.get_names()}
        self.outputs = tuple(name for name in self._places if name == LOGITS or name.startswith((FEATURES, CELLS)))
        self._own = threading.local()

    def __call__(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], ...]:
        """Run a batch."""
        request: Any = getattr(self._own, "request", None)
        if request is None:
            request = self._own.request = self._model.create_infer_request()
        request.infer([pixels])
        return tuple(request.get_output_tensor(self._places[name]).data.copy() for name in self.outputs)


def _settings(precision: Precision) -> dict[str, Any]:
    hint = {"fp32": "f32", "bf16": "bf16"}[precision]
    return {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": cores(), "NUM_STREAMS": cores()}


def _missing(package: str, source: str, placement: Placement) -> str | None:
    if placement.device != "cpu":
        return CPU_ONLY
    return None if installed(package) else f"it is not installed: pip install '{source}'"

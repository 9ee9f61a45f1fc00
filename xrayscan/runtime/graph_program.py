"""A network of which there is its graph alone."""

from typing import NoReturn

from xrayscan.errors import ModelError


class GraphProgram:
    """An ONNX graph, or OpenVINO's XML and weights, as a `Program`."""

    outputs: tuple[str, ...] = ()  # the graph itself names them

    def __init__(self, graph: bytes, weights: bytes = b"") -> None:
        self.graph, self.weights = graph, weights

    def module(self) -> NoReturn:
        """There is none."""
        raise ModelError("a network that is a graph cannot be computed by torch")

    def onnx(self) -> bytes:
        """The graph, where it is one of ONNX."""
        if self.weights:
            raise ModelError("a network in OpenVINO's format is no ONNX graph")
        return self.graph

"""A model as an ONNX or OpenVINO file, which other programs open and xrayscan itself runs without torch."""

import os
import tempfile
from collections.abc import Callable

from xrayscan.errors import ModelError
from xrayscan.files.regular import read_regular
from xrayscan.model.backend import Placement
from xrayscan.model.capabilities import HasProgram
from xrayscan.model.file import Model, export_model, load_model
from xrayscan.model.gate import ungated
from xrayscan.network.choice import answers, choose, difference
from xrayscan.plugin.loading import load_predictor
from xrayscan.runtime.films import drawn_films

FORMATS = {"onnx": ".onnx", "openvino": ".xml"}
TOLERANCE = 0.001  # of a probability: an exported network is the same network


def export(model: Model, path: str) -> float:
    """Write a model to ``path``, which ends in .onnx or .xml (with a .bin beside it), and run it from there.

    Returns the largest difference to torch found on drawn films: in probability, for a film at one half.
    Raises: ModelError for a model whose backend is no network, one that cannot be written so, or a package that is
    missing; OutputError where the file cannot be written.
    """
    if model.graph:
        raise ModelError(f"{model.path} is exported already: give the model file that it was made from")
    predictor = load_predictor(model, Placement())
    network = ungated(predictor)
    if not isinstance(network, HasProgram):
        raise ModelError(f"backend {model.card.backend} is no single network: only networks can be exported")
    graph: bytes = network.program.onnx()
    export_model(path, model, *(_openvino(graph) if path.endswith(FORMATS["openvino"]) else (graph, b"")))
    exported = load_model(path)
    pixels = drawn_films(model.card.input.side)
    own = load_predictor(exported, choose([exported], device="cpu", precision="fp32"))
    found = difference(answers(own, pixels), answers(predictor, pixels), model.card.calibration.slope)
    if not found <= TOLERANCE:
        os.unlink(path)
        raise ModelError(f"{path} was removed: it gave probabilities that differ from torch's by {found:.3g}")
    return found


def _openvino(graph: bytes) -> tuple[bytes, bytes]:
    """An ONNX graph in OpenVINO's own format: its XML and its weights."""
    try:
        import openvino
    except ImportError as error:
        raise ModelError("OpenVINO is not installed: pip install 'xrayscan[openvino]'") from error
    read: Callable[[bytes], object] = openvino.Core().read_model
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.xml")
        openvino.save_model(read(graph), path, compress_to_fp16=False)
        return read_regular(path), read_regular(os.path.join(folder, "model.bin"))

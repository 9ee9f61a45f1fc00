"""Model files: one safetensors file that holds the weights and, in its header, the card."""

import hashlib
import importlib.resources
import os
from dataclasses import dataclass, field

import numpy as np

from xrayscan.errors import ModelError, UsageError
from xrayscan.files.atomic import atomic_file
from xrayscan.files.paths import Path, path_text
from xrayscan.files.regular import read_regular
from xrayscan.files.text import nearest
from xrayscan.model.card import ModelCard
from xrayscan.model.gate import split_gate
from xrayscan.model.graph_file import SUFFIXES, Exported, graph_suffix, read_exported, save_exported
from xrayscan.model.provenance import Provenance, split_tensors
from xrayscan.model.tensors import Tensors, metadata_of, sealed, unsealed

HEADER_KEY = "xrayscan"
UNSEALED_FORMAT = 1  # of cards, written before files had a digest
SUFFIX = ".safetensors"  # of every model file but exported ones
MODEL_FILE = f"model{SUFFIX}"  # inside a training run's folder


@dataclass(frozen=True, slots=True)
class Model:
    """A model file in memory: its card, its tensors (read-only arrays by name), and which file it was.

    ``tensors`` are the network's, and the gate's if it has one; weights kept in half precision are float32 here.

    ``graph`` is the network where the file is an exported one, whose tensors are then the gate's alone: as ONNX, or as
    OpenVINO's XML with its ``weights``.

    ``fingerprint`` is the SHA-256 of the whole file, in hexadecimal: two models are the same if it is.
    """

    card: ModelCard
    tensors: Tensors = field(repr=False)
    fingerprint: str
    path: str
    seen: Provenance | None = field(default=None, repr=False)  # None where the file does not say
    graph: bytes = field(default=b"", repr=False)
    weights: bytes = field(default=b"", repr=False)

    @property
    def graph_format(self) -> str:
        """``onnx`` or ``openvino``; empty where the file is none of an exported network."""
        return ("openvino" if self.weights else "onnx") if self.graph else ""

    @property
    def network(self) -> Tensors:
        """The tensors without the gate."""
        return split_gate(self.tensors)[0]

    @property
    def reference(self) -> str:
        """What a user would give to have this model: its bundled name, the folder of its training run, or its file."""
        if self.path in (bundled := {path: name for name, path in bundled_models().items()}):
            return bundled[self.path]
        folder, file = os.path.split(self.path)
        return folder if folder and file == MODEL_FILE else self.path


def load_model(reference: Path = "default") -> Model:
    """Read a model by bundled name, path of a model file, or folder of a training run.

    Raises: ModelError if there is none, or the file is damaged, foreign, a pickle, or not what the digest in it says.
    Nothing in it is executed.
    """
    path = resolve(path_text(reference))
    if graph_suffix(path):
        return _exported(path)
    try:
        data = read_regular(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        header, tensors, whole = unsealed(HEADER_KEY, data)
        if not whole and header.get("format") != UNSEALED_FORMAT:
            raise ModelError("its card lacks the digest of its content: it was damaged or changed")
        card, (network, seen) = ModelCard.from_plain(header), split_tensors(tensors)
        split_gate(network)  # damaged, it is refused here
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return Model(card, _widened(network), hashlib.sha256(data).hexdigest(), path, seen)


def _exported(path: str) -> Model:
    """Read what `xrayscan export` wrote. Raises: as `load_model`."""
    try:
        found = read_exported(path)
        network, seen = split_tensors(found.tensors)
        split_gate(network)
    except OSError as error:
        raise _unreadable(path, error) from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return Model(found.card, network, found.fingerprint, path, seen, found.graph, found.weights)


def export_model(path: str, model: Model, graph: bytes, weights: bytes = b"") -> None:
    """Write a model whose network is this ONNX graph, or OpenVINO's XML and weights; the path's suffix says which.

    Raises: OutputError.
    """
    tensors = {**model.tensors, **(model.seen.tensors() if model.seen else {})}
    gate_and_films = {name: array for name, array in tensors.items() if name not in model.network}
    save_exported(path, Exported(model.card, gate_and_films, graph, weights))


def suffix_of(model: Model) -> str:
    """How the name of a file ends that holds such a model."""
    return next((suffix for suffix, kind in SUFFIXES.items() if kind == model.graph_format), SUFFIX)


def check_suffix(model: Model, path: str) -> None:
    """Raises: UsageError if a file of this name, which says how it is read, could not hold what becomes of a model."""
    given, wanted = graph_suffix(path), suffix_of(model)
    if given != wanted and (model.graph or given):
        raise UsageError(f"{path}: what {model.reference} becomes is a {wanted} file too: end its name in {wanted}")


def save_changed(path: str, model: Model) -> None:
    """Write what has become of a model in the form that it came in. Raises: OutputError."""
    if model.graph:
        export_model(path, model, model.graph, model.weights)
    else:
        save_model(path, model.card, model.tensors, model.seen)


def _unreadable(path: str, error: OSError) -> ModelError:
    return ModelError(f"{path}: {error.strerror or error}: give a bundled name, a model file or a run folder")


def _widened(tensors: Tensors) -> Tensors:
    """Weights kept in half precision as float32, which is what networks compute from; read-only as the rest."""
    wide = {name: array.astype(np.float32) for name, array in tensors.items() if array.dtype == np.float16}
    for array in wide.values():
        array.flags.writeable = False
    return {**tensors, **wide}


def save_model(path: str, card: ModelCard, tensors: Tensors, seen: Provenance | None = None) -> None:
    """Write a model file, sealed by a digest; it replaces an older one in one step. Raises: OutputError."""
    data = sealed(HEADER_KEY, card.plain(), {**tensors, **(seen.tensors() if seen else {})})
    with atomic_file(path) as file:
        file.write(data)


def is_model(path: str) -> bool:
    """Whether a safetensors file is a model of xrayscan's, damaged perhaps, rather than weights from elsewhere."""
    try:
        return HEADER_KEY in metadata_of(read_regular(path))
    except (OSError, ModelError):
        return False


def resolve(reference: str) -> str:
    """Return the path that a model reference stands for. A file or folder of that name wins over a bundled name."""
    if os.path.isdir(reference):
        return os.path.join(reference, MODEL_FILE)
    if os.path.exists(reference):
        return reference
    bundled = bundled_models()
    if reference in bundled:
        return bundled[reference]
    raise ModelError(
        f"no model {reference!r}{nearest(reference, bundled)}. Models: a .safetensors file, a training-run folder, or "
        f"a bundled name ({', '.join(bundled) or 'none installed'})"
    )


def bundled_models() -> dict[str, str]:
    """Map the names of the models inside the package to their paths."""
    folder = importlib.resources.files("xrayscan.models")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(SUFFIX))
    return {name.removesuffix(SUFFIX): str(folder / name) for name in files}


def read_card(reference: str) -> ModelCard:
    """Read a model's card, its file checked as a whole. Raises: as `load_model`."""
    return load_model(reference).card

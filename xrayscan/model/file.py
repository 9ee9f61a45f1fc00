"""Model files: one safetensors file that holds the weights and, in its header, the card."""

import hashlib
import importlib.resources
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.errors import ModelError
from xrayscan.model.backend import Tensors
from xrayscan.model.card import ModelCard
from xrayscan.model.gate import split_gate
from xrayscan.model.provenance import Provenance, split_tensors

HEADER_KEY = "xrayscan"
FILE_NAME = "model.safetensors"  # inside a training run's folder


@dataclass(frozen=True, slots=True)
class Model:
    """A model file in memory: its card, its tensors (read-only arrays by name), and which file it was.

    ``tensors`` are the network's, and the gate's if it has one; weights kept in half precision are float32 here.

    ``fingerprint`` is the SHA-256 of the whole file, in hexadecimal: two models are the same if it is.
    """

    card: ModelCard
    tensors: Tensors = field(repr=False)
    fingerprint: str
    path: str
    seen: Provenance | None = field(default=None, repr=False)  # None where the file does not say

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
        return folder if folder and file == FILE_NAME else self.path


def load_model(reference: str = "default") -> Model:
    """Read a model by bundled name, path of a model file, or folder of a training run.

    Raises: ModelError if there is none, or the file is damaged, foreign or a pickle. Nothing in it is executed.
    """
    path = resolve(reference)
    try:
        with open(path, "rb") as file:
            fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
        card, tensors = _read(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}: give a bundled name, a model file or a run folder") from error
    network, seen = split_tensors(tensors)
    return Model(card, network, fingerprint, path, seen)


def save_model(path: str, card: ModelCard, tensors: Tensors, seen: Provenance | None = None) -> None:
    """Write a model file; it replaces an older one in one step. Raises: OSError."""
    from safetensors.numpy import save

    beside = f"{path}.part"
    everything = {**tensors, **(seen.tensors() if seen else {})}
    arrays = {name: np.ascontiguousarray(array) for name, array in everything.items()}
    with open(beside, "wb") as file:  # not save_file, which lets nobody else read what it writes
        file.write(save(arrays, metadata={HEADER_KEY: card.to_json()}))
    os.replace(beside, path)


def resolve(reference: str) -> str:
    """Return the path that a model reference stands for. A file or folder of that name wins over a bundled name."""
    if os.path.isdir(reference):
        return os.path.join(reference, FILE_NAME)
    if os.path.exists(reference):
        return reference
    bundled = bundled_models()
    if reference in bundled:
        return bundled[reference]
    raise ModelError(
        f"no model {reference!r}: give a model file, the folder of a training run, or a bundled name "
        f"({', '.join(bundled) or 'none installed'})"
    )


def bundled_models() -> dict[str, str]:
    """Map the names of the models inside the package to their paths."""
    folder = importlib.resources.files("xrayscan.models")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".safetensors"))
    return {name.removesuffix(".safetensors"): str(folder / name) for name in files}


def read_card(reference: str) -> ModelCard:
    """Read a model's card without its weights. Raises: as `load_model`."""
    return _open(resolve(reference), tensors=False)[0]


def _read(path: str) -> tuple[ModelCard, Tensors]:
    return _open(path, tensors=True)


def _open(path: str, *, tensors: bool) -> tuple[ModelCard, Tensors]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            metadata: Mapping[str, Any] = file.metadata() or {}
            if HEADER_KEY not in metadata:
                raise ModelError(f"{path}: no model card in it: it was not made by xrayscan train")
            card = ModelCard.from_json(metadata[HEADER_KEY])
            return card, {name: _frozen(file.get_tensor(name)) for name in file.keys()} if tensors else {}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelError(f"{path}: not a model file, or a damaged one ({error})") from error
    except ModelError as error:
        raise error if str(error).startswith(path) else ModelError(f"{path}: {error}") from error


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array = array.astype(np.float32) if array.dtype == np.float16 else array
    array.flags.writeable = False
    return array

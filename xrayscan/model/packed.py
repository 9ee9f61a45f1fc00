"""A model's files as bytes, to be sent to another machine."""

import os
import tempfile
from dataclasses import dataclass, field
from typing import Self

from xrayscan.errors import ModelError
from xrayscan.files.regular import read_regular
from xrayscan.model.file import Model, load_model
from xrayscan.model.graph_file import weights_beside


@dataclass(frozen=True, slots=True)
class PackedModel:
    """The files of one model by name, that which names it first, and the fingerprint that they must have."""

    files: tuple[tuple[str, bytes], ...] = field(repr=False)
    fingerprint: str

    @classmethod
    def from_model(cls, model: Model) -> Self:
        """Read the files that a model came from. Raises: ModelError if they are gone."""
        paths = [model.path, *([weights_beside(model.path)] if model.weights else [])]
        try:
            return cls(tuple((os.path.basename(path), read_regular(path)) for path in paths), model.fingerprint)
        except OSError as error:
            raise ModelError(f"{model.path} is needed by the workers and cannot be read: {error.strerror}") from error

    def load(self) -> Model:
        """Return the model. Raises: ModelError if it is not the one that was packed."""
        with tempfile.TemporaryDirectory(prefix="xrayscan-") as folder:
            for name, data in self.files:
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(data)
            model = load_model(os.path.join(folder, self.files[0][0]))
        if model.fingerprint != self.fingerprint:
            raise ModelError(f"{self.files[0][0]} was changed since the scan began, or on its way to a worker")
        return model

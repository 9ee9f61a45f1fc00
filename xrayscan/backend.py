"""What a model backend is: a name, declared parameters, and how to fit, keep and load a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from xrayscan.card import InputSpec

Pixels = npt.NDArray[np.uint8]
Tensors = Mapping[str, npt.NDArray[Any]]
Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how exactly a model computes: a resolved device such as ``cpu`` or ``cuda:0``, and a precision."""

    device: str = "cpu"
    precision: Precision = "fp32"


class Predictor(Protocol):
    """A loaded model on its device."""

    def predict(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Turn pixels (B, S, S) uint8 into raw logits (B,) float32 of the finding, row for row.

        A row's logit depends on that row alone: not on its neighbours, nor on its place in the batch.
        Raises: MemoryError or torch.OutOfMemoryError when the batch does not fit; the caller then halves it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Films:
    """Model-ready films with what humans said of them. Arrays are read-only."""

    pixels: Pixels  # (N, S, S)
    labels: npt.NDArray[np.uint8]  # (N,): 1 with the finding, 0 without

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training films came to, for progress and ``history.csv``."""

    number: int  # from 1
    of: int
    train_loss: float
    val_loss: float
    val_auroc: float
    best: bool  # whether this epoch's weights are the best so far
    learning_rate: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to train, as far as it is no backend's own business."""

    seed: int = 0
    epochs: int = 12
    batch_size: int = 32
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    augment: str = "standard"
    patience: int = 6  # epochs without a better validation loss before training stops
    placement: Placement = Placement()
    on_epoch: Callable[[Epoch], None] = lambda epoch: None


class Backend(Protocol):
    """A recipe for models. Register one from a plugin's ``register_backends`` hook."""

    name: str
    summary: str  # one line for ``xrayscan models``
    params: type[Any]  # a frozen dataclass: the parameters with their types and defaults

    def spec(self, params: Any) -> InputSpec:
        """The pixels this backend takes with these parameters. Must not import torch."""
        ...

    def fit(self, params: Any, spec: InputSpec, train: Films, validation: Films, settings: FitSettings) -> Tensors:
        """Train and return everything to be kept. Validation may steer early stopping, and nothing else."""
        ...

    def load(self, params: Any, spec: InputSpec, tensors: Tensors, placement: Placement) -> Predictor:
        """Rebuild what ``fit`` returned, ready to predict. Raises: ModelError if the tensors do not fit.

        ``spec`` is the model file's: what the weights were trained with, whatever ``self.spec`` says today.
        """
        ...

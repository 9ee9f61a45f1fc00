"""What a model backend is: a name, declared parameters, and how to fit, keep and load a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from xrayscan.model.input_spec import InputSpec
from xrayscan.model.provenance import Provenance
from xrayscan.model.ranges import check_ranges
from xrayscan.model.ranks import Ranks
from xrayscan.model.tensors import Tensors as Tensors

Pixels = npt.NDArray[np.uint8]
Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how exactly a model computes: a resolved device such as ``cpu`` or ``cuda:0``, and a precision.

    ``runtime`` names what computes networks: a backend that can leave that to others has ``takes_runtimes = True``.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    runtime: str = "torch"


class Predictor(Protocol):
    """A loaded model on its device. What it may be able to do beside this is in `xrayscan.model.capabilities`."""

    def predict(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Turn pixels (B, S, S) uint8 into raw logits (B,) float32 of the positive label, row for row.

        A row's logit depends on that row alone: not on its neighbours, nor on its place in the batch.
        Raises: MemoryError or torch.OutOfMemoryError when the batch does not fit; the caller then halves it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Films:
    """Model-ready films with what humans said of them, and which films they are. Arrays are read-only."""

    pixels: Pixels  # (N, S, S)
    labels: npt.NDArray[np.uint8]  # (N,): 1 positive, 0 negative
    identities: Provenance | None = None  # of the N films, in their order; None where nobody knows them

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training films came to, for progress and ``history.csv``.

    Accuracy, precision and recall hold at an uncalibrated probability of 0.5. Those of training are of the films as
    augmented, by the weights of the moment; those of validation by the weights that would be kept.
    """

    number: int  # from 1
    of: int
    train_loss: float  # as trained: with label smoothing, focus and L1
    train_accuracy: float
    train_precision: float
    train_recall: float
    train_auroc: float
    val_loss: float  # cross-entropy, class-weighted as in training: comparable between losses
    val_accuracy: float
    val_precision: float
    val_recall: float
    val_auroc: float
    val_sensitivity: float  # at a specificity of 0.95 or more, so that calling every film does not win
    best: bool  # whether this epoch's weights are the best so far
    learning_rate: float  # of the epoch's last step
    seconds: float
    images_per_second: float  # of training, validation not counted


@dataclass(frozen=True, slots=True)
class TrainingParams:
    """How any network is trained, whatever its backend; set with ``--set``. The metadata ``tune`` bounds a search.

    ``tune`` is (low, high), {"log": (low, high)} or a list of choices; ``range`` and ``open`` are as in
    `xrayscan.model.ranges`. A field with ``help`` there is an option of `xrayscan train` as well.
    """

    epochs: int = field(default=12, metadata={"help": "Passes over the training films, at most.", "range": (1, None)})
    batch_size: int = field(
        default=32, metadata={"help": "Films per training step.", "range": (2, None), "tune": [16, 32, 64]}
    )
    learning_rate: float = field(
        default=1.5e-3,
        metadata={
            "help": "Highest learning rate of the schedule.",
            "flags": ("--learning-rate", "--lr"),
            "range": (0, None),
            "open": True,
            "tune": {"log": (3e-4, 6e-3)},
        },
    )
    weight_decay: float = field(
        default=0.05,
        metadata={
            "help": "Weight decay (L2); biases and normalisation layers are exempt.",
            "range": (0, None),
            "tune": {"log": (1e-4, 0.3)},
        },
    )
    l1: float = field(
        default=0.0, metadata={"range": (0, None)}
    )  # times the sum of absolute weights, added to the loss
    optimiser: Literal["adamw", "adam", "sgd", "rmsprop"] = field(
        default="adamw",
        metadata={
            "help": "Optimiser.",
            "flags": ("--optimiser", "--optimizer"),
            "tune": ["adamw", "adam", "sgd", "rmsprop"],
        },
    )
    schedule: Literal["one-cycle", "cosine", "constant", "plateau"] = field(
        default="one-cycle", metadata={"help": "Learning-rate schedule."}
    )
    warmup: int = field(
        default=0, metadata={"range": (0, None)}
    )  # steps over which the learning rate rises first; of cosine
    clip: float = field(
        default=0.0, metadata={"range": (0, None)}
    )  # the longest that all gradients together may be; 0 is off
    loss: Literal["bce", "focal"] = field(
        default="bce", metadata={"help": "Loss function: binary cross-entropy or focal loss."}
    )
    focal_gamma: float = field(
        default=2.0, metadata={"range": (0, None)}
    )  # how little films count that are easy already; of focal loss
    label_smoothing: float = field(
        default=0.0, metadata={"range": (0, 0.5), "open": (False, True), "tune": (0.0, 0.15)}
    )  # how far labels are moved from 0 and 1 towards each other
    class_weights: Literal["balanced", "none"] = "balanced"  # balanced: both labels weigh the same in the loss
    positive_share: float = field(
        default=0.0, metadata={"range": (0, 1), "open": (False, True)}
    )  # of every batch's films with the finding; 0: as they come
    augment: Literal["none", "light", "standard", "strong", "style"] = field(
        default="standard",
        metadata={"help": "Augmentation strength.", "tune": ["light", "standard", "strong", "style"]},
    )
    ema: float = field(
        default=0.997, metadata={"range": (0, 1), "open": (False, True)}
    )  # decay of the moving average that is validated and kept: about the last 330 steps; 0 is off
    monitor: Literal["val_auroc", "val_loss", "val_sensitivity"] = field(
        default="val_loss", metadata={"help": "Metric that selects the best epoch."}
    )
    patience: int = field(
        default=6, metadata={"help": "Stop after this many epochs without improvement.", "range": (1, None)}
    )
    soup: int = field(
        default=1, metadata={"range": (1, None)}
    )  # networks trained one after the other from the same start, whose weights are then averaged

    def __post_init__(self) -> None:
        check_ranges(self, "training")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A training run between two epochs: enough to go on as if it had never stopped.

    ``state`` holds plain values fit for JSON, ``tensors`` arrays; what is in them is the backend's own business.
    """

    epochs: tuple[Epoch, ...]  # those that are over
    tensors: Tensors
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to fit: the training parameters, the seed, the device, and who wants to hear of it.

    ``on_step`` is told (epoch, steps done, steps in an epoch), ``on_validated`` (epoch, films done, films to validate
    on); ``on_snapshot`` is given every epoch's snapshot before ``on_epoch`` hears of that epoch; ``resume`` goes on
    from one. Whatever a callback raises ends the training. With several ``ranks``, as many processes train together,
    each of which calls ``fit`` with the same films and settings: a backend that can has ``takes_devices = True``.
    """

    params: TrainingParams = TrainingParams()
    seed: int = 0
    weights: str | None = None  # that a network starts with: none (random), imagenet, a file; None: as planned
    placement: Placement = Placement()
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    on_step: Callable[[int, int, int], None] = lambda epoch, done, of: None
    on_validated: Callable[[int, int, int], None] = lambda epoch, done, of: None
    on_snapshot: Callable[[Snapshot], None] | None = None  # None: no snapshots are made
    resume: Snapshot | None = None
    ranks: Ranks = Ranks()


class Backend(Protocol):
    """A recipe for models. Register one from a plugin's ``register_backends`` hook.

    What it may be able to do beside this, such as starting from weights of others, is in
    `xrayscan.model.capabilities`.
    """

    @property
    def name(self) -> str:
        """What ``xrayscan train`` and model files call it."""
        ...

    @property
    def summary(self) -> str:
        """One line for ``xrayscan models``."""
        ...

    @property
    def params(self) -> type[Any]:
        """A frozen dataclass: the parameters with their types and defaults."""
        ...

    def spec(self, params: Any) -> InputSpec:
        """The pixels this backend takes with these parameters. Imports torch only if nothing else knows them."""
        ...

    def fit(self, params: Any, spec: InputSpec, train: Films, validation: Films, settings: FitSettings) -> Tensors:
        """Train and return everything to be kept. Validation may steer early stopping, and nothing else.

        A backend that builds on other models adds what these have seen (`Provenance.tensors` of their ``Model.seen``,
        united), so that the model file lists those films beside its own.
        """
        ...

    def load(self, params: Any, spec: InputSpec, tensors: Tensors, placement: Placement) -> Predictor:
        """Rebuild what ``fit`` returned, ready to predict. Raises: ModelError if the tensors do not fit.

        ``spec`` is the model file's: what the weights were trained with, whatever ``self.spec`` says today.
        """
        ...

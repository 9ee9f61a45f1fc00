"""What travels with a model's weights: its input, calibration, operating points and the story of its training."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

from xrayscan.errors import ModelError

UNNAMED = "model"  # the name of a model that nobody gave one
CARD_FORMAT = 1  # raised when an older xrayscan could misread a newer card

Resize = Literal["squash", "letterbox", "crop"]
Normalise = Literal["fixed", "per_image", "equalise", "blend"]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The pixels a model takes: (S, S) uint8, repeated to ``channels`` and normalised on the device.

    ``resize``: ``squash`` gives up the aspect ratio, ``letterbox`` pads with black, ``crop`` keeps the centre square.
    ``normalise``: ``fixed`` is (pixel / 255 - mean) / std per channel; ``per_image`` subtracts the image's own mean and
    divides by its own standard deviation; ``equalise`` flattens the image's histogram to mean 0 and deviation 1, which
    forgets the display curve altogether; ``blend`` is the mean of these two. Only ``fixed`` uses ``mean`` and ``std``.
    """

    side: int  # pixels
    channels: int = 1
    resize: Resize = "squash"
    normalise: Normalise = "per_image"
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.25,)

    def __post_init__(self) -> None:
        if not 8 <= self.side <= 4096:
            raise ModelError(f"an input side of {self.side} px is out of range: give 8 to 4096")
        if self.channels not in (1, 3):
            raise ModelError(f"{self.channels} input channels: a radiograph is given as 1 or 3")
        if self.resize not in get_args(Resize):
            raise ModelError(f"unknown resize policy {self.resize!r}: choose {', '.join(get_args(Resize))}")
        if self.normalise not in get_args(Normalise):
            raise ModelError(f"unknown normalisation {self.normalise!r}: choose {', '.join(get_args(Normalise))}")
        if not len(self.mean) == len(self.std) or len(self.mean) not in (1, self.channels) or min(self.std) <= 0:
            raise ModelError(f"mean {self.mean} and std {self.std} do not fit {self.channels} channels")

    @property
    def geometry(self) -> tuple[int, Resize]:
        """What decides the uint8 pixels: models that agree on it share one pixel column."""
        return self.side, self.resize


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling: calibrated logit = slope * logit + intercept.

    Source: Platt, "Probabilistic outputs for support vector machines" (1999).
    """

    slope: float = 1.0
    intercept: float = 0.0

    def probability(self, logit: float) -> float:
        """The calibrated probability, in [0, 1], of one raw logit."""
        return sigmoid(self.slope * logit + self.intercept)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold, how it was chosen, and what it reaches on validation, with 95 % intervals.

    ``threshold`` is a calibrated probability at the training prevalence; at or above it the finding is called.
    """

    name: str  # "balanced", "sensitivity-0.95", "specificity-0.99", …
    threshold: float
    sensitivity: float
    specificity: float
    sensitivity_ci95: Interval
    specificity_ci95: Interval


@dataclass(frozen=True, slots=True)
class ModelCard:
    """All that a model file says about itself, kept as JSON in its header."""

    name: str
    backend: str
    input: InputSpec
    labels: tuple[str, str]  # without and with the finding, such as ("NORMAL", "PNEUMONIA")
    prevalence: float  # of the finding in the data that calibrated the model
    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)  # of the backend
    metrics: Mapping[str, Any] = field(default_factory=dict)  # on validation
    training: Mapping[str, Any] = field(default_factory=dict)  # data, split, recipe, seed
    about: Mapping[str, str] = field(default_factory=dict)  # licence, citation, intended use, limits
    version: str = "1"

    def __post_init__(self) -> None:
        if not 0 < self.prevalence < 1:
            raise ModelError(f"model card of {self.name}: a prevalence of {self.prevalence} is not between 0 and 1")
        if not self.operating_points:
            raise ModelError(f"model card of {self.name}: it names no operating point")

    def operating_point(self, name: str) -> OperatingPoint:
        """Return the operating point called ``name``. Raises: ModelError that lists those there are."""
        for point in self.operating_points:
            if point.name == name:
                return point
        known = ", ".join(point.name for point in self.operating_points)
        raise ModelError(f"model {self.name} has no operating point {name!r}: it has {known}")

    def to_json(self) -> str:
        """Return the card as JSON text."""
        return json.dumps({"format": CARD_FORMAT, **dataclasses.asdict(self)}, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a card. Raises: ModelError if it is damaged, or written by a newer xrayscan."""
        try:
            raw = json.loads(text)
            if raw.pop("format") != CARD_FORMAT:
                raise ModelError("its card was written by another version of xrayscan: update xrayscan")
            raw["input"] = InputSpec(**_tuples(raw["input"]))
            raw["calibration"] = Calibration(**raw["calibration"])
            raw["operating_points"] = tuple(OperatingPoint(**_tuples(point)) for point in raw["operating_points"])
            raw["labels"] = (str(raw["labels"][0]), str(raw["labels"][1]))
            return cls(**raw)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise ModelError(f"its card is damaged ({type(error).__name__}: {error})") from error


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-logit)) without overflow; NaN stays NaN."""
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    return math.exp(logit) / (1 + math.exp(logit))


def logit(probability: float) -> float:
    """Return log(p / (1 - p)); -inf at 0 and inf at 1."""
    if probability <= 0:
        return -math.inf
    if probability >= 1:
        return math.inf
    return math.log(probability) - math.log1p(-probability)


def shift_prevalence(probability: float, *, trained: float, clinic: float) -> float:
    """Move a calibrated probability from the training prevalence to a clinic's, by Bayes' rule.

    Source: Saerens, Latinne, Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities",
    Neural Computation 14 (2002), equation 4; here on the logit scale.
    """
    return sigmoid(logit(probability) + logit(clinic) - logit(trained))

"""What travels with a model's weights: its input, calibration, operating points and the story of its training."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from xrayscan.errors import ModelError
from xrayscan.model.calibration import Calibration
from xrayscan.model.card_details import check_details
from xrayscan.model.input_spec import InputSpec

UNNAMED = "model"  # the name of a model that nobody gave one
CARD_FORMAT = 1  # raised when an older xrayscan could misread a newer card
Interval = tuple[float, float]


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
        check_details(self.metrics)

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

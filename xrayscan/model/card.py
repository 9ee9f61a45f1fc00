"""What travels with a model's weights: its input, calibration, operating points and the story of its training."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from xrayscan.errors import ModelError
from xrayscan.model.calibration import Calibration
from xrayscan.model.card_check import STRICT, check_metrics, check_share, read_strictly
from xrayscan.model.card_details import check_details
from xrayscan.model.input_spec import InputSpec
from xrayscan.model.plain_json import plain_json

UNNAMED = "model"  # the name of a model that nobody gave one
CARD_FORMAT = 2  # raised when an older xrayscan could misread a newer card
READ_FORMATS = (1, CARD_FORMAT)  # 1 came without a digest of the file's content
TRIAL = "fast_dev_run"  # in a card's training: the model was made on a few films to try the path
TRIAL_MARK = "(fast-dev-run)"  # in the name of such a model, and in every figure of it
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold, how it was chosen, and what it reaches on validation, with 95 % intervals.

    ``threshold`` is a calibrated probability at the training prevalence; films at or above it are flagged.
    Raises: ModelError for a point without a name, or with numbers that are no shares.
    """

    name: str  # "balanced", "sensitivity-0.95", "specificity-0.99", …
    threshold: float
    sensitivity: float
    specificity: float
    sensitivity_ci95: Interval
    specificity_ci95: Interval

    __pydantic_config__: ClassVar = STRICT

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ModelError("an operating point has no name")
        for key in ("threshold", "sensitivity", "specificity"):
            check_share(f"the {key} of operating point {self.name}", getattr(self, key))
        for key in ("sensitivity_ci95", "specificity_ci95"):
            for bound in getattr(self, key):
                check_share(f"{key} of operating point {self.name}", bound)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """All that a model file says about itself, kept as JSON in its header.

    Among ``metrics``, ``flagged`` is the share of each kind of pictures that the gate flags as unlike training,
    ``by_style`` has the figures of validation films that look alike, ``styles`` their means and the worst of them.
    """

    name: str
    backend: str
    input: InputSpec
    labels: tuple[str, str]  # the negative and the positive label, such as ("NORMAL", "PNEUMONIA")
    prevalence: float  # of the positive label in the data that calibrated the model
    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)  # of the backend
    metrics: Mapping[str, Any] = field(
        default_factory=dict
    )  # on validation; also ``flagged``, ``by_style``, ``styles``
    training: Mapping[str, Any] = field(default_factory=dict)  # data, split, recipe, seed
    about: Mapping[str, str] = field(default_factory=dict)  # licence, citation, intended use, limits
    version: str = "1"

    __pydantic_config__: ClassVar = STRICT

    def __post_init__(self) -> None:
        points = [point.name for point in self.operating_points]
        if not 0 < self.prevalence < 1:
            raise self._wrong(f"a prevalence of {self.prevalence} is not between 0 and 1")
        if not all(label.strip() for label in self.labels) or self.labels[0].casefold() == self.labels[1].casefold():
            raise self._wrong(f"its labels {self.labels[0]!r} and {self.labels[1]!r} do not tell films apart")
        if not points:
            raise self._wrong("it names no operating point")
        if len(set(points)) < len(points):
            raise self._wrong("two of its operating points have one name")
        check_metrics(self.metrics)
        check_details(self.metrics)

    @property
    def is_trial(self) -> bool:
        """Whether the model comes from ``--fast-dev-run``: made to try the path, not to be used."""
        return bool(self.training.get(TRIAL))

    @property
    def trial_note(self) -> str:
        """What every reader of such a model's figures is to know; empty for any other model."""
        return f"{self.name} is from a smoke test (--fast-dev-run): its scores mean nothing" if self.is_trial else ""

    @property
    def audience(self) -> dict[str, str]:
        """For whom the model is, and where not, as far as its card says so: what people read first."""
        told = {"for whom": ("for_whom", "intended_use"), "where not": ("not_for", "limits")}
        found = {what: [self.about[key] for key in keys if key in self.about] for what, keys in told.items()}
        return {what: texts[0] for what, texts in found.items() if texts}

    def marked(self, name: str) -> str:
        """The name by which a user calls the model, with the mark of a trial if it is one."""
        return f"{name} {TRIAL_MARK}" if self.is_trial and TRIAL_MARK not in name else name

    def operating_point(self, name: str) -> OperatingPoint:
        """Return the operating point called ``name``. Raises: ModelError that lists those there are."""
        for point in self.operating_points:
            if point.name == name:
                return point
        known = ", ".join(point.name for point in self.operating_points)
        raise ModelError(f"model {self.name} has no operating point {name!r}: it has {known}")

    def plain(self) -> dict[str, Any]:
        """Return the card as plain values, the format first."""
        return {"format": CARD_FORMAT, **dataclasses.asdict(self)}

    def to_json(self) -> str:
        """Return the card as JSON text."""
        return json.dumps(self.plain(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a card. Raises: ModelError if it is damaged, or written by a newer xrayscan."""
        return cls.from_plain(plain_json(text))

    @classmethod
    def from_plain(cls, values: Any) -> Self:
        """Take a card from what its JSON held. Raises: as `from_json`."""
        if not isinstance(values, dict) or "format" not in values:
            raise ModelError("its card is damaged: it does not say which format it has")
        if values["format"] not in READ_FORMATS:
            raise ModelError("its card was written by another version of xrayscan: update xrayscan")
        return read_strictly(cls, {key: value for key, value in values.items() if key != "format"})

    def _wrong(self, what: str) -> ModelError:
        return ModelError(f"model card of {self.name}: {what}")

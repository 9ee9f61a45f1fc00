"""Whether what a model file says of itself is what a card may say: kinds of values first, then what they mean."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from xrayscan.errors import ModelError

if TYPE_CHECKING:
    from pydantic import ValidationError

T = TypeVar("T")
STRICT: Any = {"extra": "forbid"}  # of the dataclasses that a card is made of: nothing in it is passed over
SHOWN = 60  # characters of a value in a message
KINDS = {  # pydantic's names for what was expected
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table",
    "mapping": "a table",
    "dataclass": "a table",
    "literal": "one of the words that are known for it",
}
SHARES = ("auroc", "auprc", "brier", "ece")  # of the metrics: numbers from 0 to 1, with intervals
NUMBERS = ("films", "patients", "with_finding")  # of the metrics: whole numbers


def read_strictly(kind: type[T], values: Mapping[str, Any]) -> T:
    """Make a dataclass of what JSON held, nothing converted. Raises: ModelError that names the first wrong entry."""
    from pydantic import TypeAdapter, ValidationError  # 0.1 s to import: not for --help

    try:
        return TypeAdapter(kind).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        raise ModelError(f"its card is damaged: {_told(error.errors()[0])}") from error


def mended(error: "ValidationError") -> str:
    """Say what to give instead of the first value that pydantic refused, as a phrase that begins with "give"."""
    first = error.errors()[0]
    told = first.get("ctx", {})
    if "error" in told:  # raised by the dataclass itself
        return str(told["error"])
    if "expected" in told:
        return f"give {told['expected']}"
    return f"give {KINDS.get(first['type'].partition('_')[0], 'another value')}"


def check_share(what: str, value: float) -> None:
    """Raise ModelError unless the value lies within [0, 1]."""
    if not 0 <= value <= 1:
        raise ModelError(f"{what} is {value}, which is not between 0 and 1")


def check_metrics(metrics: Mapping[str, Any]) -> None:
    """Raise ModelError if a figure that reports show is not the number, or pair of numbers, that it has to be."""
    for name in SHARES:
        if name in metrics:
            _check_number(name, metrics[name])
        if f"{name}_ci95" in metrics:
            bounds = metrics[f"{name}_ci95"]
            if not isinstance(bounds, list | tuple) or len(bounds) != 2:
                raise ModelError(f"its metric {name}_ci95 is {_shown(bounds)}, not two numbers")
            for bound in bounds:
                _check_number(f"{name}_ci95", bound)
    for name in NUMBERS:
        count = metrics.get(name, 0)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ModelError(f"its metric {name} is {_shown(count)}, not a whole number")


def _check_number(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ModelError(f"its metric {name} is {_shown(value)}, not a number")
    check_share(f"its metric {name}", value)


def _told(error: Any) -> str:
    """Say in our own words what pydantic found first."""
    where = ".".join(map(str, error["loc"]))[:SHOWN] or "it"
    if error["type"] in ("missing", "missing_argument"):
        return f"{where} is missing"
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where} is unknown"
    if error["type"] in ("too_short", "too_long"):
        return f"{where} has too few or too many parts"
    wanted = KINDS.get(error["type"].partition("_")[0], "what it has to be")
    return f"{where} is {_shown(error['input'])}, not {wanted}"


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

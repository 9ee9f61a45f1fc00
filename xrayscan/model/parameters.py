"""Parameters of backends and of training: from ``--set key=value``, a recipe or a card to a checked dataclass."""

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

from xrayscan.errors import ModelError
from xrayscan.files.field_comments import field_comments
from xrayscan.files.text import nearest
from xrayscan.model.card_check import mended
from xrayscan.model.ranges import Range, check_ranges


def parse(params: type[Any], values: Mapping[str, Any], *, of: str) -> Any:
    """Return ``params(**values)`` with every value checked and converted to its declared type.

    ``values`` may hold text as typed in a shell ("160", "true"). ``of`` names the backend in messages.
    Raises: ModelError for an unknown key (with the nearest known one) or a value of the wrong type or out of
    the range in its field's metadata.
    """
    from pydantic import TypeAdapter, ValidationError  # 0.1 s to import: not for --help

    known = [field.name for field in dataclasses.fields(params)]
    for key in values:
        if key not in known:
            raise ModelError(f"{of} has no parameter {key!r}{nearest(key, known)}; it has: {', '.join(known)}")
    hints = typing.get_type_hints(params)
    given = {key: listed(value) if get_origin(hints[key]) is tuple else value for key, value in values.items()}
    try:
        made = TypeAdapter(params).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        where = f"{of}: {key} = {first['input']!r}" if key else of
        raise ModelError(f"{where}: {mended(error)}") from error
    check_ranges(made, of)
    return made


def parse_both(first: type[Any], second: type[Any], values: Mapping[str, Any], *, of: str) -> tuple[Any, Any]:
    """Return two dataclasses from values of either; no name is in both.

    Raises: ModelError as `parse`, with the nearest name over both.
    """
    own = [field.name for field in dataclasses.fields(first)]
    known = own + [field.name for field in dataclasses.fields(second)]
    for key in values:
        if key not in known:
            raise ModelError(f"{of} has no parameter {key!r}{nearest(key, known)}; it has: {', '.join(known)}")
    parts = ({key: values[key] for key in values if (key in own) is wanted} for wanted in (True, False))
    return parse(first, next(parts), of=of), parse(second, next(parts), of=of)


def from_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Split ``key=value`` texts. Raises: ModelError for one without an equals sign."""
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ModelError(f"--set {pair!r}: write it as key=value, such as side=160")
        values[key.strip().replace("-", "_")] = value.strip()
    return values


class Parameter(NamedTuple):
    """A parameter as people read it."""

    name: str
    kind: str  # such as int, or the words that may be given
    default: str
    range: str  # such as "from 0 to below 1"; empty where every value of its kind may be given
    meaning: str


def describe(params: type[Any]) -> list[Parameter]:
    """List parameters in the order declared. A meaning is ``help`` in the metadata, or the comment behind the field."""
    notes = field_comments(params)
    return [
        Parameter(
            field.name,
            _type_name(field.type),
            repr(field.default),
            str(Range.declared(field.metadata) or ""),
            field.metadata.get("help") or notes.get(field.name, ""),
        )
        for field in dataclasses.fields(params)
    ]


def listed(value: Any) -> Any:
    """A list as typed in a shell, "conv 32, pool, flatten", as its parts."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.strip("[]() ").split(",") if part.strip()]


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " | ".join(str(choice) for choice in get_args(kind))
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")

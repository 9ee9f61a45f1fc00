"""Parameters of a backend: from ``--set key=value`` or a model card to a checked, frozen dataclass."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from xrayscan.errors import ModelError


def parse(params: type[Any], values: Mapping[str, Any], *, of: str) -> Any:
    """Return ``params(**values)`` with every value checked and converted to its declared type.

    ``values`` may hold text as typed in a shell ("160", "true"). ``of`` names the backend in messages.
    Raises: ModelError for an unknown key (with the nearest known one) or a value of the wrong type.
    """
    from pydantic import TypeAdapter, ValidationError  # 0.1 s to import: not for --help

    known = [field.name for field in dataclasses.fields(params)]
    for key in values:
        if key not in known:
            raise ModelError(f"{of} has no parameter {key!r}{_nearest(key, known)}; it has: {', '.join(known)}")
    try:
        return TypeAdapter(params).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "its parameters"
        raise ModelError(f"{of}: {key} = {first['input']!r}: {first['msg']}") from error


def from_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Split ``key=value`` texts. Raises: ModelError for one without an equals sign."""
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ModelError(f"--set {pair!r}: write it as key=value, such as side=160")
        values[key.strip().replace("-", "_")] = value.strip()
    return values


def describe(params: type[Any]) -> list[tuple[str, str, str]]:
    """List a backend's parameters as (name, type, default), in the order declared."""
    return [(field.name, _type_name(field.type), repr(field.default)) for field in dataclasses.fields(params)]


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""

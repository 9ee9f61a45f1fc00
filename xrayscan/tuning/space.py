"""The search space: which values each parameter may take, by the parameters' own declarations or by a TOML file."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from xrayscan.errors import ModelError
from xrayscan.files.text import nearest
from xrayscan.files.toml import read_toml
from xrayscan.model.card_check import mended
from xrayscan.model.parameters import listed

Space = Mapping[str, BaseDistribution]
DECLARED = "tune"  # the metadata key: field(default=0.2, metadata={"tune": (0.0, 0.6)})
FORMS = "{low = 0.0, high = 0.6}, {low = 1e-4, high = 1e-2, log = true} or a list of choices"
SPACE = "give a search space as a TOML file", "dropout = {low = 0.0, high = 0.6}"  # what to do, and an example


def declared_space(*params: type[Any]) -> dict[str, BaseDistribution]:
    """Return the space that parameter dataclasses declare; a field without a declaration keeps its default.

    A declaration is a field's metadata under ``tune``: (low, high), {"log": (low, high)} for a logarithmic range, or
    a list of choices.
    """
    return {
        name: _distribution(field.metadata[DECLARED], kind, f"the declaration of {name}")
        for name, (field, kind) in _fields(params).items()
        if DECLARED in field.metadata
    }


def read_space(path: str, *params: type[Any]) -> dict[str, BaseDistribution]:
    """Return the space that a TOML file gives for parameters of these dataclasses.

    Raises: InputError if the file cannot be read, ModelError for an unknown parameter (with the nearest one) or for
    values that the parameter cannot take.
    """
    known = _fields(params)
    space = {}
    for name, form in read_toml(path, *SPACE).items():
        if name not in known:
            raise ModelError(
                f"{path}: there is no parameter {name!r}{nearest(name, known)}; there are: {', '.join(known)}"
            )
        space[name] = _distribution(form, known[name][1], f"{path}: {name}")
    return space


def searched_names(path: str) -> tuple[str, ...]:
    """Return the names of the parameters that a TOML file searches. Raises: InputError if it cannot be read."""
    return tuple(read_toml(path, *SPACE))


def described(space: Space) -> dict[str, str]:
    """Return each parameter's values in words, such as "0.0001 to 0.01, logarithmic"."""
    return {name: _words(distribution) for name, distribution in space.items()}


def space_identity(space: Space) -> dict[str, str]:
    """Return the space as texts that are equal for equal spaces."""
    return {name: distribution_to_json(space[name]) for name in sorted(space)}


def inside(value: Any, values: BaseDistribution) -> bool:
    """Whether a parameter's value is one of those searched."""
    match values:
        case CategoricalDistribution(choices=choices):
            return value in choices
        case IntDistribution(low=low, high=high) | FloatDistribution(low=low, high=high):
            return bool(low <= value <= high)
    return False


def _fields(params: tuple[type[Any], ...]) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """Field and type of every parameter, by name."""
    found: dict[str, tuple[dataclasses.Field[Any], Any]] = {}
    for kind in params:
        hints = typing.get_type_hints(kind)
        found |= {field.name: (field, hints[field.name]) for field in dataclasses.fields(kind)}
    return found


def _distribution(form: Any, kind: Any, where: str) -> BaseDistribution:
    """Turn one declaration for a parameter of type ``kind`` into Optuna's form of it."""
    try:
        if isinstance(form, list):
            return CategoricalDistribution([_checked(value, kind) for value in form])
        return _range(*_bounds(form), kind)
    except (ValueError, TypeError) as error:  # pydantic's ValidationError is a ValueError
        why = str(error).splitlines()[-1].strip() if str(error) else "not understood"
        raise ModelError(f"{where} = {form!r} cannot be searched ({why}): write {FORMS}") from error


def _bounds(form: Any) -> tuple[Any, Any, bool]:
    """Low, high and whether the range is logarithmic, from any of the forms."""
    match form:
        case (low, high):
            return low, high, False
        case {"log": (low, high)} if len(form) == 1:
            return low, high, True
        case {"low": low, "high": high} if set(form) <= {"low", "high", "log"}:
            return low, high, bool(form.get("log", False))
    raise ValueError("neither a range nor a list")


def _range(low: Any, high: Any, log: bool, kind: Any) -> BaseDistribution:
    if kind is int:
        low, high = _checked(low, int), _checked(high, int)
        _ordered(low, high)
        return IntDistribution(low, high, log=log)
    if kind is not float:
        raise TypeError(f"a parameter of type {getattr(kind, '__name__', kind)} takes a list of choices")
    low, high = _checked(low, float), _checked(high, float)
    _ordered(low, high)
    return FloatDistribution(low, high, log=log)


def _ordered(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"{low} is not below {high}")


def _checked(value: Any, kind: Any) -> Any:
    """Return the value as the parameter's type; a list as text, since Optuna's storage knows plain values only.

    Raises: ValueError if it has another type.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        if typing.get_origin(kind) is tuple:
            return ", ".join(str(part) for part in TypeAdapter(kind).validate_python(listed(value)))
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise ValueError(f"{value!r}: {mended(error)}") from error


def _words(distribution: BaseDistribution) -> str:
    match distribution:
        case CategoricalDistribution(choices=choices):
            return ", ".join(str(choice) for choice in choices)
        case IntDistribution(low=low, high=high, log=log) | FloatDistribution(low=low, high=high, log=log):
            return f"{low:g} to {high:g}{', logarithmic' if log else ''}"
    return str(distribution)

"""Settings: each command has one frozen dataclass, and its fields are the command's arguments and options.

What a field's ``metadata`` may say, in the library's dataclasses as in those of commands:

- ``help``: the line in --help; a field without one is no option, and one that holds a dataclass is a group of options
- ``flags``: names of the option, the first one shown first; default: --name-of-the-field
- ``range``: (lowest, highest), None for no bound; ``open``: whether the bounds themselves are excluded
- ``words``: words instead of a number and what they stand for, such as {"auto": None}
- ``duration``: whether it is a time, given as 90s, 30m or 2h and kept in seconds
- ``metavar``, ``env`` (the environment variable), ``shown`` (the default in words), ``type`` (a click type)
- ``argument``: whether it stands without a flag
- ``given``: a dataclass whose options arrive as a dict of those that were given, because others have a say in the rest

Precedence: default < settings file or earlier run < environment < command line. A command's ``below`` gives the values
of the file; it is the only place where one comes in.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from xrayscan.cli.types import Duration, Number, Share

Below = Callable[[Mapping[str, Any], list[str]], Mapping[str, Any]]  # (raw values, words too many) → values of a file
METAVARS: Mapping[Any, str] = {int: "N", float: "X", str: "TEXT"}


def option(default: Any, told: str, *flags: str, **more: Any) -> Any:
    """A field that is an option. ``default``: `dataclasses.MISSING` for one that must be given, or a function."""
    metadata = {"help": told, "flags": flags, **more}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def argument(metavar: str, kind: click.ParamType[Any], **more: Any) -> Any:
    """A field that is a positional argument."""
    return dataclasses.field(metadata={"argument": True, "metavar": metavar, "type": kind, **more})


class SettingsOption(click.Option):
    """An option whose line of help says default and range in words."""

    def get_help_extra(self, ctx: click.Context) -> Any:
        """What stands in brackets behind the help."""
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default
        if isinstance(self.type, click.IntRange | click.FloatRange):
            extra["range"] = _range(self.type)
        return extra


class SettingsCommand(click.Command):
    """A command whose parameters come from a dataclass. ``below`` gives values that win over defaults alone."""

    below: Below | None = None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let a file in below the environment and the command line."""
        if self.below:
            raw, extra, _ = self.make_parser(ctx).parse_args(args=list(args))
            values = {str(one.name): one.consume_value(ctx, raw)[0] for one in self.params}
            known = {name: value for name, value in values.items() if isinstance(value, str | bool)}
            ctx.default_map = {**(ctx.default_map or {}), **self.below(known, extra)}
        return super().parse_args(ctx, args)


def command(
    kind: type[Any], *examples: str, env: str | None = None, below: Below | None = None
) -> Callable[[Callable[[Any], None]], SettingsCommand]:
    """Make a command of a function that takes this dataclass. ``env``: what its environment variables start with."""

    def decorate(function: Callable[[Any], None]) -> SettingsCommand:
        made = SettingsCommand(
            function.__name__,
            callback=lambda **values: function(_built(kind, values)),
            params=list(_parameters(kind)),
            help=function.__doc__,
            epilog=epilog(examples),
            context_settings={"auto_envvar_prefix": env},
        )
        made.below = below
        return made

    return decorate


def epilog(examples: Iterable[str]) -> str:
    """Examples at the end of a command's help, one per line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples)


def _parameters(kind: type[Any]) -> Iterator[click.Parameter]:
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if "given" in field.metadata:
            yield from _optional(field.metadata["given"])
        elif dataclasses.is_dataclass(hints[field.name]):
            yield from _parameters(hints[field.name])
        elif field.metadata.get("argument"):
            yield _argument(field, hints[field.name])
        elif "help" in field.metadata:
            yield _option(field, hints[field.name], _default(field))


def _optional(kind: type[Any]) -> Iterator[click.Parameter]:
    """Options that are None where they are not given; the help shows the dataclass's defaults."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if "help" in field.metadata:
            yield _option(field, hints[field.name], None, shown=str(field.default))


def _argument(field: dataclasses.Field[Any], hint: Any) -> click.Parameter:
    many = get_origin(hint) is tuple
    told = field.metadata
    return click.Argument(
        [field.name],
        type=told["type"],
        nargs=-1 if many else 1,
        required=told.get("required", not many),
        metavar=told["metavar"],
    )


def _option(field: dataclasses.Field[Any], hint: Any, default: Any, shown: str | None = None) -> click.Parameter:
    told = field.metadata
    flags = told.get("flags") or (f"--{field.name.replace('_', '-')}",)
    shown = shown or told.get("shown")
    settings: dict[str, Any] = {
        "help": told["help"],
        "envvar": told.get("env"),
        "metavar": told.get("metavar") or _metavar(hint, told),
        "hidden": told.get("hidden", False),
        "show_default": shown or _shows(default),
    }
    if hint is bool:
        if default:
            flags = (f"{flags[0]}/--no-{flags[0].removeprefix('--')}", *flags[1:])
        return SettingsOption([*flags, field.name], is_flag=True, default=default, **settings)
    if default is dataclasses.MISSING:
        settings |= {"required": True, "show_default": False}
    else:
        settings["default"] = default
    multiple = get_origin(hint) is tuple and "type" not in told
    kind = told.get("each") or _click_type(_inner(hint), told)
    return SettingsOption([*flags, field.name], type=kind, multiple=multiple, **settings)


def _metavar(hint: Any, told: Mapping[str, Any]) -> str | None:
    """What stands for the value, where its type does not say so itself."""
    return None if told.keys() & {"type", "words", "duration"} else METAVARS.get(_inner(hint))


def _shows(default: Any) -> bool:
    """Whether a default is worth a word."""
    return not (default is None or default is False or default == () or callable(default))


def _range(kind: click.IntRange | click.FloatRange) -> str:
    if kind.max is None:
        return f"above {kind.min:g}" if kind.min_open else f"{kind.min:g} or more"
    return f"{'between' if kind.min_open else 'from'} {kind.min:g} {'and' if kind.min_open else 'to'} {kind.max:g}"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    for word, meaning in field.metadata.get("words", {}).items():
        if meaning == field.default:
            return word
    return field.default


def _click_type(hint: Any, told: Mapping[str, Any]) -> Any:
    if "type" in told:
        return told["type"]
    low, high = told.get("range", (None, None))
    if told.get("duration"):
        return Duration()
    if "words" in told:
        return Number(low, told["words"])
    if get_origin(hint) is Literal:
        return click.Choice(get_args(hint))
    if hint is float and high == 1:
        return Share(told.get("open", False))
    if hint in (int, float) and (low, high) != (None, None):
        ranged = click.IntRange if hint is int else click.FloatRange
        return ranged(
            low, high, min_open=told.get("open", False), max_open=told.get("open", False) and high is not None
        )
    return hint


def _inner(hint: Any) -> Any:
    """The type behind ``| None``, or of each member of a tuple."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    return get_args(hint)[0] if get_origin(hint) is tuple else hint


def _built(kind: type[Any], values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if "given" in field.metadata:
            names = [one.name for one in dataclasses.fields(field.metadata["given"])]
            made[field.name] = {name: values[name] for name in names if values.get(name) is not None}
        elif dataclasses.is_dataclass(hints[field.name]):
            made[field.name] = _built(hints[field.name], values)
        elif field.name in values:
            made[field.name] = values[field.name]
    return kind(**made)

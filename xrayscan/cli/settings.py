"""Settings: each command has one frozen dataclass, and its fields are the command's arguments and options.

What a field's ``metadata`` may say, in the library's dataclasses as in those of commands:

- ``help``: the line in --help; a field without one is no option, and one that holds a dataclass is a group of options
- ``flags``: names of the option, the first one shown first; default: --name-of-the-field
- ``range``: (lowest, highest), None for no bound; ``open``: whether the bounds themselves are excluded (`model.ranges`)
- ``words``: words instead of a number and what they stand for, such as {"auto": None}
- ``file``: whether it is a file that has to be there
- ``duration``: whether it is a time, given as 90s, 30m or 2h and kept in seconds
- ``metavar``, ``env`` (the environment variable), ``shown`` (the default in words), ``type`` (a click type)
- ``argument``: whether it stands without a flag
- ``given``: a dataclass whose options arrive as a dict of those that were given, because others have a say in the rest

Precedence: default < settings files < recipe or earlier run < environment < command line. `settings_file` has the
second, a dataclass's ``below`` the third: no value comes in elsewhere.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click
from click.core import ParameterSource

from xrayscan.cli.settings_file import CONFIG, standing
from xrayscan.cli.types import EXISTING_FILE, Duration, Number, Share
from xrayscan.files.option import option as option
from xrayscan.files.plain import plain
from xrayscan.files.text import escaped
from xrayscan.model.ranges import Range

Below = Callable[[Mapping[str, Any], list[str]], Mapping[str, Any]]  # (raw values, words too many) → values of a file
AS_JSON = "Print the result as JSON on standard output."
METAVARS: Mapping[Any, str] = {int: "N", float: "X", str: "TEXT"}


def argument(metavar: str, kind: click.ParamType[Any], **more: Any) -> Any:
    """A field that is a positional argument."""
    return dataclasses.field(metadata={"argument": True, "metavar": metavar, "type": kind, **more})


class SettingsOption(click.Option):
    """An option whose line of help says default and range in words, and whose value is never empty."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert a value. Raises: BadParameter for an empty one, as a shell's variable that is not set leaves it."""
        if value != self.default and (value == "" or (isinstance(value, list | tuple) and "" in value)):
            self.type.fail("it is empty: leave the option out for its default", self, ctx)
        return super().type_cast_value(ctx, value)

    def get_help_extra(self, ctx: click.Context) -> Any:
        """What stands in brackets behind the help."""
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default
        if isinstance(self.type, click.IntRange | click.FloatRange):
            extra["range"] = _range(self.type)
        return extra


class SettingsCommand(click.Command):
    """A command whose parameters come from a dataclass.

    ``below``, of the dataclass or of a group in it, gives values that win over defaults and settings files alone; None
    takes a setting away.
    """

    below: Below | None = None
    result: type[Any] | None = None  # the dataclass that --json prints

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let files in below the environment and the command line."""
        raw, extra, _ = self.make_parser(ctx).parse_args(args=list(args))
        asked = self.get_help_option(ctx)
        if ctx.resilient_parsing or (asked and raw.get(str(asked.name))):
            return super().parse_args(ctx, args)
        files = standing(self, ctx, raw)
        for note in files.notes:
            click.echo(f"xrayscan: {escaped(note)}", err=True)
        ctx.default_map = files.values
        if self.below:
            values = {str(one.name): one.consume_value(ctx, raw)[0] for one in self.params}
            known = {name: value for name, value in values.items() if isinstance(value, str | bool | list | tuple)}
            merged = {**files.values, **self.below(known, extra)}
            ctx.default_map = {name: value for name, value in merged.items() if value is not None}
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            name = str(error.param.name) if error.param else ""
            if name in files.origins and ctx.get_parameter_source(name) is ParameterSource.DEFAULT_MAP:
                error.message = f"{error.message} (set in {files.origins[name]})"  # type: ignore[misc]
            raise


def command(*examples: str, env: str | None = None) -> Callable[[Callable[[Any], Any]], SettingsCommand]:
    """Make a command of a function, as its signature says: from the dataclass of options to the dataclass of an answer.

    ``env``: what its environment variables start with, unless that is XRAYSCAN_ and its name. --json (the field
    ``as_json``) prints the answer; the command ends with the answer's ``exit_code``, if it has one.
    """

    def decorate(function: Callable[[Any], Any]) -> SettingsCommand:
        kind, result = _signature(function)
        made = SettingsCommand(
            function.__name__,
            callback=lambda **values: _answer(function, _built(kind, values)),
            params=[*_parameters(kind), _config()],
            help=function.__doc__,
            epilog=epilog(examples),
            context_settings={"auto_envvar_prefix": env or f"XRAYSCAN_{function.__name__.upper()}"},
        )
        made.below, made.result = _below(kind), result
        return made

    return decorate


def _signature(function: Callable[[Any], Any]) -> tuple[type[Any], type[Any]]:
    """The dataclass that a function takes, and the one that it returns."""
    hints = get_type_hints(function)
    result = _inner(hints.pop("return"))
    (kind,) = hints.values()
    return kind, result


def _answer(function: Callable[[Any], Any], asked: Any) -> None:
    found = function(asked)
    if getattr(asked, "as_json", False):
        print_json(found)
    if code := getattr(found, "exit_code", 0):
        click.get_current_context().exit(code)


def json_flag() -> click.Option:
    """--json of a command that is none of a dataclass."""
    return SettingsOption(["--json", "as_json"], is_flag=True, help=AS_JSON)


def print_json(found: Any) -> None:
    """Print what a command found as JSON, in ASCII."""
    click.echo(json.dumps(plain(found), indent=2, allow_nan=False))


def variable(option: click.Parameter, context: click.Context) -> str:
    """The environment variable that an option is read from; empty if there is none."""
    if option.envvar:
        return option.envvar if isinstance(option.envvar, str) else option.envvar[0]
    prefix = context.auto_envvar_prefix
    named = isinstance(option, click.Option) and option.allow_from_autoenv and prefix
    return f"{prefix}_{str(option.name).upper()}" if named else ""


def _config() -> click.Option:
    """--config, which every command has and none receives."""
    told = "Settings file to read instead of the usual ones: the user's, and xrayscan.toml in the working folder."
    return SettingsOption(
        ["--config"], type=EXISTING_FILE, envvar=CONFIG, metavar="FILE.toml", help=told, expose_value=False
    )


def epilog(examples: Iterable[str]) -> str:
    """Examples at the end of a command's help, one per line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples)


def _below(kind: type[Any]) -> Below | None:
    """That of a dataclass, or of the first group in it that has one."""
    groups: list[Any] = [hint for hint in get_type_hints(kind).values() if dataclasses.is_dataclass(hint)]
    return getattr(kind, "below", None) or next(filter(None, map(_below, groups)), None)


def _parameters(kind: type[Any]) -> Iterator[click.Parameter]:
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if "given" in field.metadata:
            yield from _optional(field.metadata["given"])
        elif field.metadata.get("argument"):
            yield _argument(field, hints[field.name])
        elif "help" in field.metadata:
            yield _option(field, hints[field.name], _default(field))
        elif dataclasses.is_dataclass(hints[field.name]):
            yield from _parameters(hints[field.name])


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
    kind = told.get("each") or _click_type(hint, told)
    return SettingsOption([*flags, field.name], type=kind, multiple=multiple, **settings)


def _metavar(hint: Any, told: Mapping[str, Any]) -> str | None:
    """What stands for the value, where its type does not say so itself."""
    return None if told.keys() & {"type", "each", "file", "words", "duration"} else METAVARS.get(_inner(hint))


def _shows(default: Any) -> bool:
    """Whether a default is worth a word."""
    return not (default is None or default is False or default in ((), "") or callable(default))


def _range(kind: click.IntRange | click.FloatRange) -> str:
    return str(Range(kind.min, kind.max, kind.min_open, kind.max_open))


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
    if told.get("file"):
        return EXISTING_FILE
    hint = _inner(hint)
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
        allowed = Range.declared(told) or Range(low, high)
        return ranged(low, high, min_open=allowed.open_low, max_open=allowed.open_high and high is not None)
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
        elif "help" not in field.metadata and dataclasses.is_dataclass(hints[field.name]):
            made[field.name] = _built(hints[field.name], values)
        elif field.name in values:
            made[field.name] = values[field.name]
    return kind(**made)

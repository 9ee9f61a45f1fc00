"""Settings that stand in files: ``xrayscan.toml``, or ``[tool.xrayscan]`` of a ``pyproject.toml``.

From the weakest: the user's own file, then that of the working folder; ``--config FILE`` is read instead of both. Keys
are options without their dashes: at the top for every command that has them, in a table for the command of its name.

What is read cannot change how it is read: the file of the working folder does not count where it may have come with the
films (the working folder is, or lies in, a folder that is read), where nobody knows yet what will be read
(``--files-from``), or where another user wrote it. ``--config`` takes it all the same.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import click
import platformdirs

from xrayscan.cli.installed import installed
from xrayscan.errors import UsageError
from xrayscan.files.regular import read_regular
from xrayscan.files.text import nearest

NAME, PROJECT = "xrayscan.toml", "pyproject.toml"
CONFIG = "XRAYSCAN_CONFIG"
EXAMPLE = 'write it as TOML, such as device = "cpu"'
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What files say of one command's options: the values by parameter, and the file of each."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # on files that do not count


def user_file() -> str:
    """Where a user's own settings stand."""
    return os.path.join(platformdirs.user_config_dir("xrayscan", appauthor=False), NAME)


def found(config: str | None = None) -> dict[str, Table]:
    """The settings files that are there, with what they hold, the weakest first. Raises: UsageError."""
    if config is not None:
        return {config: _read(config)}
    tables = {path: _read(path) for path in _there()}
    return {path: table for path, table in tables.items() if table or os.path.basename(path) == NAME}


def _there() -> list[str]:
    project = NAME if os.path.isfile(NAME) else PROJECT
    return [path for path in (user_file(), project) if os.path.isfile(path)]


def standing(command: click.Command, ctx: click.Context, raw: Mapping[str, Any]) -> Standing:
    """What files say of a command that is called with the words ``raw``. Raises: UsageError for what makes no sense."""
    config = ctx.meta.setdefault(CONFIG, _consumed(command, ctx, raw, "config"))
    made, notes = Standing(), []
    for path in [config] if config is not None else _there():
        why = None if config or path == user_file() else refusal(path, _inputs(command, ctx, raw))
        if why:
            notes += [f"{path} is not used: {why}; --config {path} uses it"] if _is_for_us(path) else []
            continue
        for name, value in _of_command(path, _read(path), command, ctx):
            made.values[name], made.origins[name] = value, path
    return Standing(made.values, made.origins, tuple(notes))


def refusal(path: str, inputs: Iterable[str | None]) -> str | None:
    """Why the working folder's settings file does not count; None where it does. An input None: nobody knows it yet."""
    here = os.path.realpath(os.path.dirname(path) or os.curdir)
    for given in inputs:
        if given is None:
            return "a list may name the folder that it lies in"
        folder = os.path.realpath(given if os.path.isdir(given) else os.path.dirname(given))
        if here == folder or here.startswith(os.path.join(folder, "")):
            return f"it lies in what is read ({given})"
    if hasattr(os, "getuid") and os.stat(path).st_uid not in (0, os.getuid()):
        return "it belongs to another user"
    return None


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options of a command that a file may set, by their keys."""
    return {
        flag.removeprefix("--").replace("-", "_"): option
        for option in command.params
        if isinstance(option, click.Option) and option.expose_value and not option.hidden
        for flag in option.opts
        if flag.startswith("--")
    }


def every_command(ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    """The commands that are installed, imported; those of plugins that do not load are passed over."""
    root = ctx.find_root()
    group = root.command if isinstance(root.command, click.Group) else click.Group()
    for name in group.list_commands(root):
        try:
            command = group.get_command(root, name)
        except UsageError:
            continue
        if command:
            yield name, command


def _is_for_us(path: str) -> bool:
    """Whether a file that is not used has settings of ours, as far as it can be read."""
    try:
        return bool(_read(path)) or os.path.basename(path) == NAME
    except UsageError:
        return True


def _read(path: str) -> Table:
    try:
        data = read_regular(path)
        if os.path.basename(path) != PROJECT:
            return tomllib.loads(data.decode())
        if b"tool.xrayscan" not in data:  # somebody's project, which need not be well-formed for our sake
            return {}
        table: Table = tomllib.loads(data.decode()).get("tool", {}).get("xrayscan", {})
        return table
    except OSError as error:
        raise _wrong(path, str(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise _wrong(path, f"no text in UTF-8: {EXAMPLE}") from error
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, f"{error}: {EXAMPLE}") from error
    except RecursionError as error:
        raise _wrong(path, f"lists within lists without end: {EXAMPLE}") from error


def _of_command(path: str, table: Table, command: click.Command, ctx: click.Context) -> Iterator[tuple[str, Any]]:
    """Parameters and values of one file, those of the command's own table last."""
    known = options_of(command)
    own = table.get(str(command.name), {})
    if not isinstance(own, Mapping):
        raise UsageError(
            f"settings file {path}: {command.name} is a command: write [{command.name}] and its options below"
        )
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in known:
            yield str(known[name].name), _value(path, key, value, known[name])
        elif key != command.name:
            _check_elsewhere(path, key, value, ctx)
    for key, value in own.items():
        name = key.replace("-", "_")
        if name not in known:
            raise _wrong(path, f"{command.name} has no option {key!r}{nearest(name, known)}")
        yield str(known[name].name), _value(path, key, value, known[name])


def _check_elsewhere(path: str, key: str, value: Any, ctx: click.Context) -> None:
    """Raise UsageError for a key that means nothing to any command."""
    commands = list(installed(ctx).commands)
    if isinstance(value, Mapping):
        if key not in commands:
            raise _wrong(path, f"no command {key!r}{nearest(key, commands)}")
        return
    known = {name for _, command in every_command(ctx) for name in options_of(command)}
    if key.replace("-", "_") not in known:
        raise _wrong(path, f"no command has an option {key!r}{nearest(key, known)}")


def _value(path: str, key: str, value: Any, option: click.Option) -> Any:
    """A value of TOML as an option takes it: what it takes several times is a list."""
    many = option.multiple
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return value if many else ",".join(map(str, value))
    if not isinstance(value, str | bool | int | float):
        raise _wrong(path, f"{key} = {value!r}: give a text, a number, true or false")
    if isinstance(value, bool) is not option.is_flag:
        kind = "true or false" if option.is_flag else "a value"
        raise _wrong(path, f"{key} = {value!r}: give {kind}")
    return [value] if many else value


def _inputs(command: click.Command, ctx: click.Context, raw: Mapping[str, Any]) -> Iterator[str | None]:
    """The paths that a command reads; None for a list of them."""
    for one in command.params:
        value = _consumed(command, ctx, raw, str(one.name))
        if isinstance(one, click.Argument) and isinstance(one.type, click.Path):
            yield from map(os.fsdecode, (value if isinstance(value, tuple | list) else [value] if value else []))
        elif isinstance(one.type, click.File) and value is not None:
            yield None


def _consumed(command: click.Command, ctx: click.Context, raw: Mapping[str, Any], name: str) -> Any:
    """What the command line or the environment says of one parameter; None where they do not."""
    for one in command.params:
        if one.name == name:
            value, source = one.consume_value(ctx, raw)
            given = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)
            return value if source in given else None
    return None


def _wrong(path: str, what: str) -> UsageError:
    return UsageError(f"settings file {path}: {what}")

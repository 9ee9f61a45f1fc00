"""`xrayscan settings`: which settings hold, and where each of them comes from."""

from collections.abc import Iterator
from dataclasses import dataclass

import click
from click.core import ParameterSource

from xrayscan.cli import options
from xrayscan.cli.environment import misspelt
from xrayscan.cli.settings import argument, command, variable
from xrayscan.cli.settings_file import CONFIG, NAME, every_command, found, options_of, refusal, standing, user_file
from xrayscan.cli.types import CommandName


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSettingsOptions:
    """Of which command."""

    of: str | None = argument("[COMMAND]", CommandName(), required=False)
    as_json: bool = options.json_option()


@dataclass(frozen=True, slots=True)
class Held:
    """One option of one command."""

    command: str
    option: str  # with its dashes
    value: str  # as it would be typed; empty where nothing is set
    origin: str  # default, a settings file, or a variable of the environment


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A place where settings may stand."""

    path: str
    state: str  # used, not there, or why it is not used


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds, before anything that is given on the command line."""

    files: list[SettingsFile]  # the weakest first
    settings: list[Held]  # without a COMMAND, those that are not defaults
    warnings: list[str]  # on variables that mean nothing


@command(
    "xrayscan settings",
    "xrayscan settings predict",
    "XRAYSCAN_WORKERS=4 xrayscan settings predict --json",
)
def settings(asked: ShowSettingsOptions) -> Settings:
    """Show which settings hold, and where each of them comes from: a default, a settings file or the environment.

    Without COMMAND, every setting that is not a default; with it, all options of that command. The command line, and
    a recipe or an earlier scan, come on top when the command is run.
    """
    from xrayscan.console.terminal import print_table

    ctx = click.get_current_context()
    commands = [(name, one) for name, one in every_command(ctx) if asked.of in (None, name)]
    rows = [held for name, one in commands for held in _held(name, one, ctx)]
    shown = [row for row in rows if asked.of or row.origin != "default"]
    answer = Settings(list(_files(ctx)), shown, list(misspelt(ctx)))
    if not asked.as_json:
        print_table("Settings files, the weakest first", ("file", "state"), [(f.path, f.state) for f in answer.files])
        cells = [(row.command, row.option, row.value, row.origin) for row in shown]
        title = f"Settings of {asked.of}" if asked.of else "Settings that are not defaults"
        if cells:
            print_table(title, ("command", "option", "value", "from"), cells)
        else:
            click.echo("Every setting is a default.")
    return answer


def _files(ctx: click.Context) -> Iterator[SettingsFile]:
    config = ctx.meta[CONFIG]
    there = found(config)
    for path in there if config else dict.fromkeys((user_file(), NAME, *there)):
        own = path in (user_file(), config)
        why = None if own or path not in there else refusal(path, ())
        yield SettingsFile(path, "not there" if path not in there else f"not used: {why}" if why else "used")


def _held(name: str, one: click.Command, ctx: click.Context) -> Iterator[Held]:
    """The options of a command with their values, as the environment and the files have them."""
    context = click.Context(one, info_name=name, parent=ctx.find_root(), **one.context_settings)
    files = standing(one, context, {})
    context.default_map = files.values
    for option in dict.fromkeys(options_of(one).values()):
        value, source = option.consume_value(context, {})
        told = {
            ParameterSource.ENVIRONMENT: variable(option, context),
            ParameterSource.DEFAULT_MAP: files.origins.get(str(option.name), ""),
        }
        yield Held(name, max(option.opts, key=len), _typed(value, option), told.get(source, "default"))


def _typed(value: object, option: click.Option) -> str:
    """A value as people would type it."""
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return option.show_default if isinstance(option.show_default, str) else ""

"""Variables of the environment: which ones mean something, and those that do not because they are misspelt."""

import os
from collections.abc import Iterator

import click

from xrayscan.cli.installed import installed
from xrayscan.cli.settings import variable
from xrayscan.cli.settings_file import CONFIG, every_command
from xrayscan.files.text import nearest
from xrayscan.plugin.manager import ONLY
from xrayscan.sources.address import LOCAL

PREFIX = "XRAYSCAN_"


def known_variables(ctx: click.Context) -> set[str]:
    """The variables that any command reads."""
    found = {ONLY, CONFIG}
    for name, command in every_command(ctx):
        context = click.Context(command, info_name=name, **command.context_settings)
        found |= {variable(one, context) for one in command.params if isinstance(one, click.Option) and not one.hidden}
    return found - {""}


def misspelt(ctx: click.Context) -> Iterator[str]:
    """A sentence on each variable that is set, looks like one of ours, and is none."""
    there = sorted(name for name in os.environ if name.startswith(PREFIX) and not name.startswith(_of_places(ctx)))
    known = known_variables(ctx) if there else set()
    for name in there:
        if name not in known:
            yield f"{name} is set and means nothing{nearest(name, known)}"


def _of_places(ctx: click.Context) -> tuple[str, ...]:
    """What the variables begin with that sources and sinks read themselves: their scheme, such as XRAYSCAN_DIMSE_."""
    registry = installed(ctx)
    schemes = {name.partition("+")[0] for name in (*registry.sources, *registry.sinks)} - {LOCAL}
    return tuple(f"{PREFIX}{name.upper()}_" for name in schemes)

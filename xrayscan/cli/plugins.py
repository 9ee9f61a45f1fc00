"""`xrayscan plugins`: what is installed, what it registers, and what did not load."""

from dataclasses import dataclass

import click

from xrayscan.cli.installed import installed
from xrayscan.cli.settings import epilog, json_flag, print_json


@dataclass(frozen=True, slots=True)
class PluginLine:
    """One plugin."""

    name: str
    origin: str  # distribution and version
    registered: dict[str, list[str]]  # names, by what they are: backends, decoders, …
    error: str | None  # why it did not load
    notes: list[str]  # what it did when loaded that a plugin should not


@dataclass(frozen=True, slots=True)
class PluginsFound:
    """The plugins that are installed."""

    plugins: list[PluginLine]


class PluginsCommand(click.Command):
    """`xrayscan plugins`, with what its --json prints."""

    result = PluginsFound


@click.command(
    cls=PluginsCommand,
    params=[json_flag()],
    epilog=epilog(("xrayscan plugins", "XRAYSCAN_PLUGINS=resnet,knn xrayscan plugins")),
)
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:
    """List the plugins and what they register: backends, decoders, reports and commands.

    XRAYSCAN_PLUGINS, a comma-separated list, loads only the plugins named in it, besides what is built in.
    """
    from xrayscan.console.terminal import print_table
    from xrayscan.files.text import escaped
    from xrayscan.plugin.registry import EDGES

    found = installed(ctx).plugins
    if as_json:
        lines = [
            PluginLine(
                one.name, one.origin, {k: list(v) for k, v in one.registered.items()}, one.error, list(one.notes)
            )
            for one in found
        ]
        print_json(PluginsFound(lines))
        return
    edges = [edge.name for edge in EDGES]
    rows = [
        (plugin.name, plugin.origin, edge, ", ".join(plugin.registered[edge]))
        for plugin in found
        for edge in edges
        if edge in plugin.registered
    ]
    print_table("Plugins", ("name", "from", "registers", "names"), rows)
    for plugin in found:
        if plugin.error:
            click.echo(escaped(f"xrayscan: plugin {plugin.name} did not load: {plugin.error}"), err=True)
        for note in plugin.notes:
            click.echo(escaped(f"xrayscan: plugin {plugin.name}, when loaded, {note}"), err=True)

"""`xrayscan plugins`: what is installed, what it registers, what did not load; and a new plugin to start from."""

import os
from dataclasses import dataclass

import click

from xrayscan.cli.installed import installed
from xrayscan.cli.settings import epilog, json_flag, print_json
from xrayscan.scaffold.scaffold import KINDS

EXAMPLES = (
    "xrayscan plugins",
    "XRAYSCAN_PLUGINS=resnet,knn xrayscan plugins",
    "xrayscan plugins new my-report --kind report",
)


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


class PluginsCommand(click.Group):
    """`xrayscan plugins`, with what its --json prints."""

    result = PluginsFound


@click.group(cls=PluginsCommand, invoke_without_command=True, params=[json_flag()], epilog=epilog(EXAMPLES))
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:
    """List the plugins and what they register: backends, decoders, reports and commands.

    XRAYSCAN_PLUGINS, a comma-separated list, loads only the plugins named in it, besides what is built in.
    """
    from xrayscan.console.terminal import print_table
    from xrayscan.files.text import escaped
    from xrayscan.plugin.registry import EDGES

    if ctx.invoked_subcommand:
        return
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


@plugins.command(
    short_help="Write a small plugin to start from.",
    epilog=epilog(("xrayscan plugins new my-report --kind report", "pip install ./my-report", "pytest my-report")),
)
@click.argument("name")
@click.option("--kind", type=click.Choice(tuple(KINDS)), required=True, help="What the plugin adds to xrayscan.")
@click.option("--out", metavar="FOLDER/", show_default="NAME, here", help="New folder for the plugin.")
def new(name: str, kind: str, out: str | None) -> None:
    """Write a small plugin called NAME that works, with its contract test, to start from."""
    from xrayscan.console.terminal import shell_word
    from xrayscan.files.text import escaped
    from xrayscan.scaffold.scaffold import write_scaffold

    folder = out or name
    for path in write_scaffold(name, kind, folder):
        click.echo(escaped(path))
    package, tests = (shell_word(path, "FOLDER") for path in (os.path.join(os.curdir, folder), folder))
    click.echo(f"Next: pip install {package}, then xrayscan plugins and pytest {tests}", err=True)

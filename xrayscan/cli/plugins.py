"""`xrayscan plugins`: what is installed, what it registers, and what did not load."""

import click

from xrayscan.cli.installed import installed
from xrayscan.cli.settings import epilog


@click.command(epilog=epilog(("xrayscan plugins", "XRAYSCAN_PLUGINS=resnet,knn xrayscan plugins")))
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """List the plugins and what they register: backends, decoders, reports and commands.

    XRAYSCAN_PLUGINS, a comma-separated list, loads only the plugins named in it, besides what is built in.
    """
    from xrayscan.console.terminal import print_table
    from xrayscan.files.text import escaped
    from xrayscan.plugin.registry import EDGES

    found = installed(ctx).plugins
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

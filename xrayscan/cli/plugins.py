"""`xrayscan plugins`: what is installed, what it registers, and what did not load."""

from typing import TYPE_CHECKING

import click

from xrayscan.cli.options import examples

if TYPE_CHECKING:
    from xrayscan.plugin.manager import Plugin


@click.command(epilog=examples("xrayscan plugins", "XRAYSCAN_PLUGINS=resnet,knn xrayscan plugins"))
def plugins() -> None:
    """List the plugins and what they register.

    XRAYSCAN_PLUGINS, a comma-separated list, loads only the plugins named in it, besides what is built in.
    """
    from xrayscan.console.terminal import print_table
    from xrayscan.plugin.manager import load_registry

    found = load_registry().plugins
    print_table(
        "Plugins",
        ("name", "from", "registers"),
        [(plugin.name, plugin.origin, plugin.error or _registered(plugin)) for plugin in found],
    )
    for plugin in found:
        if plugin.error:
            click.echo(f"xrayscan: plugin {plugin.name} did not load: {plugin.error}", err=True)


def _registered(plugin: "Plugin") -> str:
    kinds = {"backends": plugin.backends, "decoders": plugin.decoders, "checks": plugin.checks}
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names)

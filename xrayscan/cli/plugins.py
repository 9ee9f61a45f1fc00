"""`xrayscan plugins`: what is installed, what it registers, and what did not load."""

import click

from xrayscan.cli.options import examples


@click.command(epilog=examples("xrayscan plugins", "XRAYSCAN_PLUGINS=resnet,knn xrayscan plugins"))
def plugins() -> None:
    """List the plugins and what they register.

    XRAYSCAN_PLUGINS, a comma-separated list, loads only the plugins named in it, besides the built-in one.
    """
    from xrayscan.console.terminal import print_table
    from xrayscan.plugin.manager import load_registry

    found = load_registry().plugins
    print_table(
        "Plugins",
        ("name", "from", "registers"),
        [
            (
                plugin.name,
                plugin.origin,
                plugin.error or ", ".join((*plugin.backends, *(f"check {name}" for name in plugin.checks))),
            )
            for plugin in found
        ],
    )
    for plugin in found:
        if plugin.error:
            click.echo(f"xrayscan: plugin {plugin.name} did not load: {plugin.error}", err=True)

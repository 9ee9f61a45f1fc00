"""The plugins of a command line, loaded once."""

import click

from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import Registry

PLUGINS = "xrayscan.plugins"  # in a context's ``meta``, which a whole command line shares


def installed(ctx: click.Context) -> Registry:
    """The plugins, loaded once for the whole command line."""
    if PLUGINS not in ctx.meta:
        ctx.meta[PLUGINS] = load_registry()
    registry: Registry = ctx.meta[PLUGINS]
    return registry

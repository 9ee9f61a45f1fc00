"""The hooks a plugin may implement, and the markers to declare them with."""

from collections.abc import Callable

import pluggy

from xrayscan.model.backend import Backend

GROUP = "xrayscan"  # the entry-point group that announces plugins, and pluggy's project name

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_backends(register: Callable[[Backend], None]) -> None:
    """Offer model backends: pass each one to ``register``, which refuses a name already taken.

    Called on every worker, so describe the backend and return; import torch inside the
    functions you hand over, never at the top of the plugin.
    """

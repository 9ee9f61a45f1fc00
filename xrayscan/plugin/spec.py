"""The hooks a plugin may implement, and the markers to declare them with."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

from xrayscan.decode.interface import Decoder
from xrayscan.model.backend import Backend

if TYPE_CHECKING:
    from xrayscan.checks.interface import Check

GROUP = "xrayscan"  # the entry-point group that announces plugins, and pluggy's project name

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_backends(register: Callable[[Backend], None]) -> None:
    """Offer model backends: pass each one to ``register``, which refuses a name already taken.

    Called on every worker, so describe the backend and return; import torch inside the
    functions you hand over, never at the top of the plugin.
    """


@hookspec
def register_decoders(register: Callable[[Decoder], None]) -> None:
    """Offer decoders of image formats: pass each one to ``register``, which refuses a name already taken.

    Called in reader processes too, for files that no built-in decoder recognises: import neither torch
    nor anything else that is slow, and keep no state.
    """


@hookspec
def register_checks(register: "Callable[[Check], None]") -> None:
    """Offer checks of what may be ranked: pass each one to ``register``, which refuses a name already taken.

    A check sees every image before any model does, flags it or sets it aside. It runs in reader processes: no torch.
    """

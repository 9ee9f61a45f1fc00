"""Things of plugins that tests put in place without installing them."""

import sys
from typing import Any

import pytest

from xrayscan.cli.installed import installed
from xrayscan.plugin import delivery
from xrayscan.plugin.manager import load_registry


def offer_sink(monkeypatch: pytest.MonkeyPatch, sink: Any) -> Any:
    """Have the library and the command line know a sink, and return it."""
    registry = load_registry()
    registry.sinks[sink.name] = sink
    for module in (delivery, sys.modules[installed.__module__]):
        monkeypatch.setattr(module, "load_registry", lambda: registry)
    return sink

"""Loads the plugins that are installed, each on its own: whatever one does, the others and the tool go on."""

import functools
import importlib.metadata
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pluggy

from xrayscan.plugin import spec
from xrayscan.plugin.isolation import isolated
from xrayscan.plugin.registry import EDGES, Edge, Plugin, Registry

ONLY = "XRAYSCAN_PLUGINS"  # environment: load only the plugins named here, comma-separated
BUILT_IN = importlib.metadata.EntryPoint("built-in", "xrayscan.plugin.builtin", spec.GROUP)
ALWAYS = (BUILT_IN.name, "cnn", "lite0")  # loaded whatever the environment says, and first
_LOADING = threading.RLock()  # what a plugin prints is held back, which two threads must not begin and end crosswise


def load_registry() -> Registry:
    """Load the plugins that entry points announce; what each registers is taken as a whole or not at all.

    The environment variable ``XRAYSCAN_PLUGINS`` (comma-separated names) restricts them; what is built in always loads.
    """
    registry = Registry()
    announced = [BUILT_IN, *importlib.metadata.entry_points(group=spec.GROUP)]
    announced.sort(key=lambda entry: (ALWAYS.index(entry.name) if entry.name in ALWAYS else len(ALWAYS), entry.name))
    only = os.environ.get(ONLY)
    wanted = [name.strip() for name in (only or "").split(",") if name.strip()]
    origin_of = functools.cache(_origin)  # what an installed package says of itself is read once, not for each plugin
    with _LOADING:
        for entry in announced:
            if only is None or entry.name in (*ALWAYS, *wanted):
                registry.plugins.append(_load(registry, entry, origin_of(entry.dist) if entry.dist else entry.value))
    for name in wanted:
        if name not in {entry.name for entry in announced}:
            registry.plugins.append(Plugin(name, ONLY, error="named in XRAYSCAN_PLUGINS but not installed"))
    return registry


def _origin(package: importlib.metadata.Distribution) -> str:
    about = package.metadata
    return f"{about['Name']} {about['Version']}"


def _load(registry: Registry, entry: importlib.metadata.EntryPoint, origin: str) -> Plugin:
    if entry.name in {plugin.name for plugin in registry.plugins}:
        return Plugin(entry.name, origin, error=f"another plugin is called {entry.name}")
    notes: list[str] = []
    try:
        with isolated(notes, first=entry.module not in sys.modules):
            offered = _offered(registry, entry.load())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: no plugin ends a command
        return Plugin(entry.name, origin, error=_brief(error), notes=tuple(notes))
    for edge, found in offered.items():
        getattr(registry, edge).update(found)
    registered = {edge: tuple(found) for edge, found in offered.items() if found}
    return Plugin(entry.name, origin, registered, notes=tuple(notes))


def _offered(registry: Registry, plugin: Any) -> dict[str, dict[str, Any]]:
    """What a plugin registers, by edge and name. Raises: whatever it raises; ValueError if it breaks a rule."""
    manager = pluggy.PluginManager(spec.GROUP)
    manager.add_hookspecs(spec)
    manager.register(plugin)
    manager.check_pending()  # a misspelt hook is an error, not silence
    offered: dict[str, dict[str, Any]] = {}
    for edge in EDGES:
        found = offered.setdefault(edge.name, {})
        getattr(manager.hook, edge.hook)(register=_registrar(edge, getattr(registry, edge.name), found))
    implemented = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    if unmarked := [edge.hook for edge in EDGES if hasattr(plugin, edge.hook) and edge.hook not in implemented]:
        raise ValueError(f"{unmarked[0]} is not marked: write @hookimpl above it")
    if not implemented:
        raise ValueError(f"it registers nothing: it has no @hookimpl function {_choice(edge.hook for edge in EDGES)}")
    if not any(offered.values()):
        raise ValueError(f"it registers nothing: {_choice(sorted(implemented))} never calls register(...)")
    return offered


def _registrar(edge: Edge, taken: Mapping[str, Any], found: dict[str, Any]) -> Callable[[Any], None]:
    def register(offered: Any) -> None:
        found[edge.accept(offered, {**taken, **found})] = offered

    return register


def _choice(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _brief(error: BaseException) -> str:
    """An error in one line; a ValueError of a rule by its text alone."""
    if isinstance(error, ValueError) and str(error):
        return str(error).splitlines()[0]
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[0]

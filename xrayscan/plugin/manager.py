"""Loads the plugins that are installed, each on its own: whatever one does, the others and the tool go on."""

import functools
import importlib.metadata
import inspect
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pluggy

from xrayscan.files.text import nearest
from xrayscan.plugin import spec
from xrayscan.plugin.isolation import isolated
from xrayscan.plugin.registry import EDGES, Edge, Plugin, Registry

REGISTER = "register"  # what a hook is given
ONLY = "XRAYSCAN_PLUGINS"  # environment: load only the plugins named here, comma-separated
BUILT_IN = importlib.metadata.EntryPoint("built-in", "xrayscan.plugin.builtin", spec.GROUP)
ALWAYS = (BUILT_IN.name, "cnn", "lite0")  # loaded whatever the environment says, and first
_LOADING = threading.RLock()  # what a plugin prints is held back, which two threads must not begin and end crosswise


class _Hooks(pluggy.PluginManager):
    """Our hooks, for one plugin after another: each is known to it only while it registers."""

    def __init__(self) -> None:
        super().__init__(spec.GROUP)
        self.add_hookspecs(spec)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> pluggy.HookimplOpts | None:
        """A hook that is misspelt, or takes something else, is an error, not silence. Raises: ValueError."""
        options = super().parse_hookimpl_opts(plugin, name)
        if options is None:
            return None
        known, hook = [edge.hook for edge in EDGES], options.get("specname") or name
        if hook not in known:
            raise ValueError(f"there is no hook {hook!r}{nearest(hook, known) or ': there are ' + ', '.join(known)}")
        if list(inspect.signature(getattr(plugin, name)).parameters) not in ([], [REGISTER]):
            raise ValueError(f"{name} takes one argument, which must be called {REGISTER!r}")
        return options

    def offered(self, registry: Registry, plugin: Any) -> dict[str, dict[str, Any]]:
        """What a plugin registers, by edge and name. Raises: whatever it raises; ValueError if it breaks a rule."""
        try:
            self.register(plugin)
            return self._offered(registry, plugin)
        finally:
            if self.is_registered(plugin):
                self.unregister(plugin)

    def _offered(self, registry: Registry, plugin: Any) -> dict[str, dict[str, Any]]:
        offered: dict[str, dict[str, Any]] = {}
        for edge in EDGES:
            found = offered.setdefault(edge.name, {})
            getattr(self.hook, edge.hook)(register=_registrar(edge, getattr(registry, edge.name), found))
        implemented = {caller.name for caller in self.get_hookcallers(plugin) or ()}
        if unmarked := [edge.hook for edge in EDGES if hasattr(plugin, edge.hook) and edge.hook not in implemented]:
            raise ValueError(f"{unmarked[0]} is not marked: write @hookimpl above it")
        if not implemented:
            hooks = _choice(edge.hook for edge in EDGES)
            raise ValueError(f"it registers nothing: it has no @hookimpl function {hooks}")
        if not any(offered.values()):
            raise ValueError(f"it registers nothing: {_choice(sorted(implemented))} never calls register(...)")
        return offered


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
        hooks = _Hooks()
        for entry in announced:
            if only is None or entry.name in (*ALWAYS, *wanted):
                origin = origin_of(entry.dist) if entry.dist else entry.value
                registry.plugins.append(_load(hooks, registry, entry, origin))
    for name in wanted:
        if name not in {entry.name for entry in announced}:
            registry.plugins.append(Plugin(name, ONLY, error="named in XRAYSCAN_PLUGINS but not installed"))
    return registry


def _origin(package: importlib.metadata.Distribution) -> str:
    about = package.metadata
    return f"{about['Name']} {about['Version']}"


def _load(hooks: _Hooks, registry: Registry, entry: importlib.metadata.EntryPoint, origin: str) -> Plugin:
    if entry.name in {plugin.name for plugin in registry.plugins}:
        return Plugin(entry.name, origin, error=f"another plugin is called {entry.name}")
    notes: list[str] = []
    try:
        with isolated(notes, first=entry.module not in sys.modules):
            offered = hooks.offered(registry, entry.load())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: no plugin ends a command
        return Plugin(entry.name, origin, error=_brief(error), notes=tuple(notes))
    for edge, found in offered.items():
        getattr(registry, edge).update(found)
    registered = {edge: tuple(found) for edge, found in offered.items() if found}
    return Plugin(entry.name, origin, registered, notes=tuple(notes))


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

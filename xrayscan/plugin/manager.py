"""The plugins that are installed, and the backends, decoders and checks they register."""

import dataclasses
import importlib.metadata
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy

from xrayscan.decode.interface import Decoder
from xrayscan.errors import ModelError
from xrayscan.model.backend import Backend, TrainingParams
from xrayscan.plugin import spec

if TYPE_CHECKING:
    from xrayscan.checks.interface import Check

ONLY = "XRAYSCAN_PLUGINS"  # environment: load only the plugins named here, comma-separated
BUILT_IN = ("decoders", "checks", "cnn", "lite0")  # the entry points that are always loaded, and first
TRAINING_NAMES = {field.name for field in dataclasses.fields(TrainingParams)}  # --set takes these beside a backend's


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin: where it comes from, what it registers, and what is wrong with it if anything is."""

    name: str
    origin: str  # distribution and version
    backends: tuple[str, ...] = ()
    decoders: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    error: str | None = None


@dataclass(slots=True)
class Registry:
    """All plugins found, broken ones included, and every backend, decoder and check by its name."""

    plugins: list[Plugin] = field(default_factory=list)
    backends: dict[str, Backend] = field(default_factory=dict)
    decoders: dict[str, Decoder] = field(default_factory=dict)
    checks: "dict[str, Check]" = field(default_factory=dict)

    def backend(self, name: str) -> Backend:
        """Return the backend called ``name``. Raises: ModelError that lists those there are and what failed to load."""
        if name in self.backends:
            return self.backends[name]
        broken = "".join(f"; plugin {p.name} did not load: {p.error}" for p in self.plugins if p.error)
        raise ModelError(f"unknown backend {name!r}: installed are {', '.join(sorted(self.backends))}{broken}")


def load_registry() -> Registry:
    """Load the plugins that entry points announce, each on its own: none takes another down.

    The environment variable ``XRAYSCAN_PLUGINS`` (comma-separated names) restricts them; what is built in always loads.
    """
    registry = Registry()
    manager = pluggy.PluginManager(spec.GROUP)
    manager.add_hookspecs(spec)
    for entry in _entry_points(registry):
        origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        try:
            module = entry.load()
        except Exception as error:
            registry.plugins.append(Plugin(entry.name, origin, error=_brief(error)))
        else:
            _add(registry, manager, entry.name, origin, module)
    return registry


def _entry_points(registry: Registry) -> list[importlib.metadata.EntryPoint]:
    announced = importlib.metadata.entry_points(group=spec.GROUP)
    found = sorted(announced, key=lambda entry: (entry.name not in BUILT_IN, entry.name))
    only = os.environ.get(ONLY)
    if only is None:
        return found
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    for name in wanted:
        if name not in {entry.name for entry in found}:
            registry.plugins.append(Plugin(name, ONLY, error="named in XRAYSCAN_PLUGINS but not installed"))
    return [entry for entry in found if entry.name in (*BUILT_IN, *wanted)]


def _add(registry: Registry, manager: pluggy.PluginManager, name: str, origin: str, module: Any) -> None:
    """Register one plugin and take over what it offers, all of it or, if anything is wrong with it, none."""
    offered: dict[str, Backend] = {}
    decoders: dict[str, Decoder] = {}
    checks: dict[str, Check] = {}

    def register_decoder(decoder: Decoder) -> None:
        if decoder.name in registry.decoders or decoder.name in decoders:
            raise ModelError(f"the decoder name {decoder.name!r} is already taken")
        decoders[decoder.name] = decoder

    def register(backend: Backend) -> None:
        if backend.name in registry.backends or backend.name in offered:
            raise ModelError(f"the backend name {backend.name!r} is already taken")
        if taken := {f.name for f in dataclasses.fields(backend.params)} & TRAINING_NAMES:
            raise ModelError(f"backend {backend.name!r}: training itself has a parameter {min(taken)!r}: rename it")
        offered[backend.name] = backend

    def register_check(check: "Check") -> None:
        if check.name in registry.checks or check.name in checks:
            raise ModelError(f"the check name {check.name!r} is already taken")
        checks[check.name] = check

    try:
        others = manager.get_plugins()
        manager.register(module, name)
        manager.check_pending()  # a misspelt hook is an error, not silence
        manager.subset_hook_caller("register_backends", others)(register=register)
        manager.subset_hook_caller("register_decoders", others)(register=register_decoder)
        manager.subset_hook_caller("register_checks", others)(register=register_check)
    except Exception as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        registry.plugins.append(Plugin(name, origin, error=_brief(error)))
    else:
        registry.backends |= offered
        registry.decoders |= decoders
        registry.checks |= checks
        registry.plugins.append(Plugin(name, origin, tuple(offered), tuple(decoders), tuple(checks)))


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]

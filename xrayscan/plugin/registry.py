"""What plugins may register, by edge, and what is known of it all once they are loaded."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from xrayscan.checks.interface import Check
from xrayscan.decode.interface import Decoder
from xrayscan.engine.interface import Engine
from xrayscan.errors import ModelError, UsageError
from xrayscan.files.text import nearest
from xrayscan.model.backend import Backend, TrainingParams
from xrayscan.observing.interface import Observer
from xrayscan.plugin.callback import Callback
from xrayscan.plugin.command import Command
from xrayscan.report.interface import OnRequest, Report
from xrayscan.report.sink import Sink
from xrayscan.runtime.interface import Runtime
from xrayscan.sources.interface import Place

Registered = TypeVar("Registered")

TRAINING_NAMES = {field.name for field in dataclasses.fields(TrainingParams)}  # --set takes these beside a backend's
WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")  # typed on the command line
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,39}")  # RFC 3986 section 3.1; one letter is a drive of Windows
PHRASE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._+-]{0,38}[A-Za-z0-9])?")  # shown to people

ALLOWED = {
    WORD: "small letters, digits, '-', '_'",
    SCHEME: "two small letters or more, digits, '+', '-'",
    PHRASE: "letters, digits, spaces, '-', '_'",
}


@dataclass(frozen=True, slots=True)
class Edge:
    """One kind of thing that plugins register: through the hook ``register_<name>``, into that field of `Registry`.

    ``names``: its attributes that no two may share, and what each must look like. ``check`` raises ValueError for what
    else is wrong.
    """

    name: str
    protocol: type[Any]
    names: Mapping[str, re.Pattern[str]] = field(default_factory=lambda: {"name": WORD})
    check: Callable[[Any], None] = lambda offered: None

    @property
    def hook(self) -> str:
        """The function of a plugin that is called."""
        return f"register_{self.name}"

    @property
    def singular(self) -> str:
        """What one of them is called."""
        return self.name.removesuffix("s")

    def accept(self, offered: Any, known: Mapping[str, Any]) -> str:
        """Return the name under which it may be registered beside those known. Raises: ValueError that says why not."""
        if missing := [name for name in members(self.protocol) if not hasattr(offered, name)]:
            raise ValueError(f"{self.hook} was given {type(offered).__name__} without {', '.join(missing)}")
        for attribute, pattern in self.names.items():
            value = getattr(offered, attribute)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise ValueError(f"{self.singular} {attribute} {value!r}: use {ALLOWED[pattern]} and dots, at most 40")
            if value.casefold() in {getattr(other, attribute).casefold() for other in known.values()}:
                raise ValueError(f"the {self.singular} {attribute} {value!r} is already taken")
        self.check(offered)
        return str(offered.name)


def members(protocol: type[Any]) -> list[str]:
    """The public attributes and methods that a protocol or dataclass names."""
    return [name for name in {**protocol.__annotations__, **vars(protocol)} if not name.startswith("_")]


def _own_parameters(backend: Backend) -> None:
    if not dataclasses.is_dataclass(backend.params):
        raise ValueError(f"backend {backend.name!r}: params is no dataclass")
    if taken := {f.name for f in dataclasses.fields(backend.params)} & TRAINING_NAMES:
        raise ValueError(f"backend {backend.name!r}: training itself has a parameter {min(taken)!r}: rename it")


EDGES = (
    Edge("backends", Backend, check=_own_parameters),
    Edge("decoders", Decoder, names={"name": PHRASE}),
    Edge("checks", Check, names={"name": PHRASE}),
    Edge("reports", Report, names={"name": WORD, "suffix": WORD}),
    Edge("commands", Command),
    Edge("runtimes", Runtime),
    Edge("sources", Place, names={"name": SCHEME}),
    Edge("engines", Engine),
    Edge("sinks", Sink, names={"name": SCHEME}),
    Edge("observers", Observer),
    Edge("callbacks", Callback),
)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin: where it comes from, what it registers, and what is wrong with it if anything is."""

    name: str
    origin: str  # distribution and version
    registered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # edge → names
    error: str | None = None  # why nothing of it was registered
    notes: tuple[str, ...] = ()  # what it did when loaded that a plugin should not


@dataclass(slots=True)
class Registry:
    """All plugins found, broken ones included, and what they register, by edge and name."""

    plugins: list[Plugin] = field(default_factory=list)
    backends: dict[str, Backend] = field(default_factory=dict)
    decoders: dict[str, Decoder] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    runtimes: dict[str, Runtime] = field(default_factory=dict)
    sources: dict[str, Place] = field(default_factory=dict)
    engines: dict[str, Engine] = field(default_factory=dict)
    sinks: dict[str, Sink] = field(default_factory=dict)
    observers: dict[str, Observer] = field(default_factory=dict)
    callbacks: dict[str, Callback] = field(default_factory=dict)

    def backend(self, name: str) -> Backend:
        """Return the backend called ``name``. Raises: ModelError that lists those there are and what failed to load."""
        if name in self.backends:
            return self.backends[name]
        raise ModelError(
            f"unknown backend {name!r}{nearest(name, self.backends)}: installed are "
            f"{', '.join(sorted(self.backends))}{self._broken()}"
        )

    def report(self, name: str) -> Report:
        """Return the report called ``name``. Raises: UsageError that lists those there are, or names what it needs."""
        report = self._chosen("report format", self.reports, name)
        if isinstance(report, OnRequest) and report.missing:
            raise UsageError(report.missing)
        return report

    @property
    def usual_reports(self) -> tuple[str, ...]:
        """The formats that are written where none is named."""
        return tuple(name for name, report in self.reports.items() if not isinstance(report, OnRequest))

    def runtime(self, name: str) -> Runtime:
        """Return the runtime called ``name``. Raises: UsageError that lists those there are and what failed to load."""
        return self._chosen("runtime", self.runtimes, name, also="auto, ")

    def engine(self, name: str) -> Engine:
        """Return the engine called ``name``. Raises: UsageError as `runtime` does."""
        return self._chosen("engine", self.engines, name)

    def observer(self, name: str) -> Observer:
        """Return the observer called ``name``. Raises: UsageError as `runtime` does."""
        return self._chosen("observer", self.observers, name)

    def callback(self, name: str) -> Callback:
        """Return the callback called ``name``. Raises: UsageError as `runtime` does."""
        return self._chosen("callback", self.callbacks, name)

    def plugin_of(self, edge: str, name: str) -> str:
        """The name of the plugin that registered it."""
        return next(plugin.name for plugin in self.plugins if name in plugin.registered.get(edge, ()))

    def _chosen(self, what: str, known: Mapping[str, Registered], name: str, *, also: str = "") -> Registered:
        if name in known:
            return known[name]
        near = nearest(name, known)
        raise UsageError(f"unknown {what} {name!r}{near}: choose among {also}{', '.join(known)}{self._broken()}")

    def _broken(self) -> str:
        return "".join(f"; plugin {p.name} did not load: {p.error}" for p in self.plugins if p.error)

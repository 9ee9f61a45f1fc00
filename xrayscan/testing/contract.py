"""What every contract kit shares: clauses that pytest runs one by one. Importing it needs no pytest."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from xrayscan.files.targets import module_of
from xrayscan.plugin.isolation import HEAVY
from xrayscan.plugin.manager import ONLY, load_registry
from xrayscan.plugin.registry import EDGES


class Contract:
    """A base for test classes: pytest runs one test per clause, all of them on one subject.

    That is what is registered on ``edge`` under the name that the class has for it: ``report`` of ``reports``.
    """

    edge: ClassVar[str]
    clauses: ClassVar[Sequence[Callable[[Any], None]]]
    _made: ClassVar[Any]

    @classmethod
    def subject(cls) -> Any:
        """Make what the clauses look at; once for all of them."""
        return registered(cls.edge, getattr(cls, cls.edge.removesuffix("s")))

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Tell pytest of the clauses."""
        metafunc.parametrize("clause", self.clauses, ids=[c.__name__.removeprefix("check_") for c in self.clauses])

    def test_the_contract_is_kept(self, clause: Callable[[Any], None]) -> None:
        """Check one clause; its docstring says what it asks."""
        kit = type(self)
        if "_made" not in vars(kit):
            kit._made = kit.subject()
        clause(kit._made)


def clauses_of(module: str) -> tuple[Callable[[Any], None], ...]:
    """The clauses of a kit, in their order: every function of its module that is called check_…."""
    return tuple(value for name, value in vars(sys.modules[module]).items() if name.startswith("check_"))


def registered(edge: str, name: str) -> Any:
    """What is registered under a name; an AssertionError that says where to look if there is nothing."""
    known = getattr(load_registry(), edge)
    assert name in known, f"no plugin registers {name!r} among its {edge}: see xrayscan plugins"
    return known[name]


def assert_registrable(edge: str, offered: Any) -> None:
    """Assert that it has all that one of its kind has, under a name that may be used."""
    next(one for one in EDGES if one.name == edge).accept(offered, {})


def refuses(error: type[Exception] | tuple[type[Exception], ...], call: Callable[[], object], complaint: str) -> None:
    """Assert that a call raises this error, or one of these, and no other."""
    try:
        call()
    except error:
        return
    except Exception as other:
        raise AssertionError(f"{complaint}: {type(other).__name__}: {other}") from other
    raise AssertionError(complaint)


def light(
    edge: str,
    offered: Callable[[Any], Any] = lambda subject: subject,
    module: Callable[[Any], str] = lambda offered: type(offered).__module__,
) -> Callable[[Any], None]:
    """The clause of every kit that registering imports nothing heavy.

    ``offered``: what of a subject is registered on the edge. ``module``: where that is defined, which is imported by
    itself if no plugin that is installed registers the name.
    """

    def check_light_registration(subject: Any) -> None:
        """Registering imports nothing heavy: plugins are loaded by every reader process and by ``--help``."""
        one = offered(subject)
        _assert_light(edge, one.name, module(one))

    return check_light_registration


def target_module(offered: Any) -> str:
    """The module of a target such as ``my_plugin.cluster:run``."""
    return module_of(offered.target)


def _assert_light(edge: str, name: str, module: str) -> None:
    plugin = next((plugin.name for plugin in load_registry().plugins if name in plugin.registered.get(edge, ())), None)
    loads = "xrayscan.plugin.manager.load_registry()" if plugin else f"__import__({module!r})"
    code = f"import sys, xrayscan.plugin.manager; {loads}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), ONLY: plugin or ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert not done.stdout.split(), f"registering {name} imports {done.stdout.strip()}: import it inside functions"

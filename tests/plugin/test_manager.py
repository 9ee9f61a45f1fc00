import dataclasses
import importlib
import importlib.metadata
import sys
import types

import pytest

from xrayscan import InputSpec, ModelError, TorchBackend, Verdict, hookimpl
from xrayscan.network.architectures.cnn import CnnParams
from xrayscan.plugin.manager import load_registry


def backend(name: str) -> TorchBackend:
    return TorchBackend(name, CnnParams, lambda params: InputSpec(32), lambda params: None)


def plugin_module(name: str, **members: object) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(members)
    return module


@pytest.fixture
def install(monkeypatch):
    """Announce modules as plugins, as their entry points would."""

    def announce(**modules: types.ModuleType) -> None:
        points = [importlib.metadata.EntryPoint("cnn", "xrayscan.network.architectures.cnn", "xrayscan")]
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, module.__name__, module)
            points.append(importlib.metadata.EntryPoint(name, module.__name__, "xrayscan"))
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)

    return announce


def offering(*names: str):
    @hookimpl
    def register_backends(register):
        for name in names:
            register(backend(name))

    return register_backends


def test_the_built_in_cnn_is_always_there(install):
    install()
    assert "cnn" in load_registry().backends


def test_a_plugin_brings_its_backends(install):
    install(mine=plugin_module("my_plugin", register_backends=offering("mine")))
    registry = load_registry()
    assert registry.backend("mine").name == "mine"
    assert [p.name for p in registry.plugins] == ["cnn", "mine"]


def test_a_broken_plugin_is_reported_by_name_and_does_not_take_others_down(install):
    @hookimpl
    def raises(register):
        register(backend("half"))
        raise RuntimeError("no such file")

    @hookimpl
    def misspelt(register):
        pass

    install(
        broken=plugin_module("p_broken", register_backends=raises),
        misspelt=plugin_module("p_misspelt", register_backend=misspelt),
        missing=plugin_module("p_missing"),
        good=plugin_module("p_good", register_backends=offering("good")),
    )
    del sys.modules["p_missing"]
    registry = load_registry()
    errors = {p.name: p.error for p in registry.plugins if p.error}
    assert set(errors) == {"broken", "misspelt", "missing"}
    assert "no such file" in errors["broken"]
    assert set(registry.backends) == {"cnn", "good"}


def test_a_backend_name_is_taken_once(install):
    install(
        first=plugin_module("p_first", register_backends=offering("same")),
        second=plugin_module("p_second", register_backends=offering("same")),
    )
    registry = load_registry()
    assert [p.name for p in registry.plugins if p.error] == ["second"]
    assert "already taken" in registry.plugins[-1].error


def test_a_parameter_may_not_be_called_as_one_of_training_itself(install):
    @dataclasses.dataclass(frozen=True)
    class Params:
        side: int = 32
        patience: int = 3

    @hookimpl
    def register_backends(register):
        register(TorchBackend("twice", Params, lambda params: InputSpec(32), lambda params: None))

    install(twice=plugin_module("p_twice", register_backends=register_backends))
    registry = load_registry()
    assert "twice" not in registry.backends
    assert "'patience'" in registry.plugins[-1].error


def test_the_environment_restricts_the_plugins_to_those_named(install, monkeypatch):
    install(
        one=plugin_module("p_one", register_backends=offering("one")),
        two=plugin_module("p_two", register_backends=offering("two")),
    )
    monkeypatch.setenv("XRAYSCAN_PLUGINS", "two, three")
    registry = load_registry()
    assert set(registry.backends) == {"cnn", "two"}
    assert [p.name for p in registry.plugins if p.error] == ["three"]


def test_an_unknown_backend_is_answered_with_those_installed_and_those_that_failed(install):
    install(missing=plugin_module("p_gone"))
    del sys.modules["p_gone"]
    with pytest.raises(ModelError, match=r"cnn.*missing did not load"):
        load_registry().backend("nope")


def test_a_plugin_brings_checks_and_a_name_taken_twice_costs_the_second_one(install):
    class Dull:
        name = "dull"

        def examine(self, image, sample):
            return Verdict(code="dull", reason="nothing to see") if sample.std() < 0.1 else None

    @hookimpl
    def register_checks(register):
        register(Dull())

    install(
        checks=importlib.import_module("xrayscan.checks.builtin"),
        mine=plugin_module("my_checks", register_checks=register_checks),
        other=plugin_module("other_checks", register_checks=register_checks),
    )
    registry = load_registry()
    assert {"projection", "no contrast", "dull"} <= set(registry.checks)
    mine, other = (plugin for plugin in registry.plugins if plugin.name in ("mine", "other"))
    assert (mine.checks, mine.error) == (("dull",), None)
    assert "'dull' is already taken" in other.error


def test_a_verdict_that_sets_aside_says_why():
    with pytest.raises(ValueError, match="a code and a reason"):
        Verdict(code="dull")

import dataclasses
import importlib.metadata
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import pytest

from xrayscan import Command, InputSpec, ModelError, TorchBackend, UsageError, Verdict, hookimpl
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
    assert [p.name for p in registry.plugins] == ["built-in", "cnn", "mine"]


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


def test_the_checks_and_the_network_of_the_default_model_are_there_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("XRAYSCAN_PLUGINS", "")
    registry = load_registry()
    assert set(registry.backends) == {"cnn", "lite0"}
    assert {"projection", "no contrast"} <= set(registry.checks)


def test_an_unknown_backend_is_answered_with_those_installed_and_those_that_failed(install):
    install(missing=plugin_module("p_gone"))
    del sys.modules["p_gone"]
    with pytest.raises(ModelError, match=r"cnn.*missing did not load"):
        load_registry().backend("nope")


def test_a_name_that_cannot_be_typed_is_refused(install):
    install(odd=plugin_module("p_odd", register_backends=offering("my net")))
    assert "backend name 'my net': use small letters" in load_registry().plugins[-1].error


def test_what_a_plugin_registers_is_taken_whole_or_not_at_all_over_all_hooks(install):
    @hookimpl
    def register_commands(register):
        register(Command("predict", "Another one.", "p_half:predict"))

    install(half=plugin_module("p_half", register_backends=offering("half"), register_commands=register_commands))
    registry = load_registry()
    assert registry.plugins[-1].error == "the command name 'predict' is already taken"
    assert "half" not in registry.backends
    assert registry.commands["predict"].target == "xrayscan.cli.predict:predict"


def test_a_report_may_not_take_the_file_of_another(install):
    report = types.SimpleNamespace(name="mine", suffix="CSV".lower(), shows_pictures=False, write=print)

    @hookimpl
    def register_reports(register):
        register(report)

    install(mine=plugin_module("p_suffix", register_reports=register_reports))
    assert load_registry().plugins[-1].error == "the report suffix 'csv' is already taken"


def test_an_object_that_is_no_report_is_refused_with_what_it_lacks(install):
    @hookimpl
    def register_reports(register):
        register(types.SimpleNamespace(name="mine"))

    install(mine=plugin_module("p_lacking", register_reports=register_reports))
    assert load_registry().plugins[-1].error.endswith("without suffix, shows_pictures, write")


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({"register_backends": lambda register: register(backend("mine"))}, "register_backends is not marked"),
        (
            {},
            "no @hookimpl function register_backends, register_decoders, register_checks, register_reports, "
            "register_commands, register_runtimes, register_sources, register_engines, register_sinks, "
            "register_observers or register_callbacks",
        ),
        ({"register_backends": offering()}, "register_backends never calls register"),
    ],
    ids=["unmarked", "empty", "silent"],
)
def test_a_plugin_that_registers_nothing_is_told_what_is_missing(install, members, missing):
    install(mine=plugin_module("p_nothing", **members))
    assert missing in load_registry().plugins[-1].error


def test_a_misspelt_hook_or_argument_is_told_with_the_right_one(install):
    @hookimpl
    def misspelt(register):
        pass

    @hookimpl
    def register_backends(reg):
        pass

    install(one=plugin_module("p_hook", register_backend=misspelt))
    wanted = "there is no hook 'register_backend' (did you mean 'register_backends'?)"
    assert load_registry().plugins[-1].error == wanted
    install(one=plugin_module("p_argument", register_backends=register_backends))
    assert load_registry().plugins[-1].error == "register_backends takes one argument, which must be called 'register'"


def test_two_plugins_of_one_name_are_told_apart_by_refusing_the_second(install, monkeypatch):
    install(mine=plugin_module("p_mine", register_backends=offering("mine")))
    points = importlib.metadata.entry_points(group="xrayscan")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [*points, points[-1]])
    assert load_registry().plugins[-1].error == "another plugin is called mine"


def test_a_plugin_brings_checks_and_a_name_taken_twice_costs_the_second_one(install):
    class Dull:
        name = "dull"

        def examine(self, image, sample):
            return Verdict(code="dull", reason="nothing to see") if sample.std() < 0.1 else None

    @hookimpl
    def register_checks(register):
        register(Dull())

    install(
        mine=plugin_module("my_checks", register_checks=register_checks),
        other=plugin_module("other_checks", register_checks=register_checks),
    )
    registry = load_registry()
    assert {"projection", "no contrast", "dull"} <= set(registry.checks)
    mine, other = (plugin for plugin in registry.plugins if plugin.name in ("mine", "other"))
    assert (mine.registered, mine.error) == ({"checks": ("dull",)}, None)
    assert "'dull' is already taken" in other.error


def test_a_verdict_that_sets_aside_says_why():
    with pytest.raises(ValueError, match="a code and a reason"):
        Verdict(code="dull")


def test_a_misspelt_runtime_or_report_is_answered_with_the_nearest_one():
    wanted = r"unknown runtime 'tourch' \(did you mean 'torch'\?\): choose among auto, torch"
    with pytest.raises(UsageError, match=wanted):
        load_registry().runtime("tourch")
    with pytest.raises(UsageError, match=r"unknown report format 'htlm' \(did you mean 'html'\?\)"):
        load_registry().report("htlm")


def test_plugins_loaded_in_several_threads_at_once_leave_standard_output_as_it_was():
    before = sys.stdout, sys.stderr, list(sys.meta_path)
    with ThreadPoolExecutor(4) as threads:
        registries = [one.result() for one in [threads.submit(load_registry) for _ in range(8)]]
    assert (sys.stdout, sys.stderr, list(sys.meta_path)) == before
    assert len({tuple(one.backends) for one in registries}) == 1

"""Whatever a plugin does when it is loaded, the tool goes on, and `xrayscan plugins` says so."""

import os
import subprocess
import sys

import pytest

HOOK = """
from xrayscan import InputSpec, TorchBackend, hookimpl
from xrayscan.network.architectures.cnn import CnnParams

@hookimpl
def register_backends(register):
    register(TorchBackend("mine", CnnParams, lambda params: InputSpec(32), lambda params: None))
"""
CHANGES = {
    "prints 'hello'": "print('hello')",
    "prints 'below'": "import os; os.write(1, b'below')",
    "prints 'shell'": "import subprocess; subprocess.run(['echo', 'shell'])",
    "prints 'noise'": "import sys; print('noise', file=sys.stderr)",
    "the working directory": "import os; os.chdir('/')",
    "the environment": "import os; os.environ['OMP_NUM_THREADS'] = '77'",
    "signal handlers": "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "the exception hook": "import sys; sys.excepthook = print",
    "the warning filters": "import warnings; warnings.simplefilter('error')",
    "logging": "import logging; logging.basicConfig(level=10)",
    "random numbers": "import random; random.seed(7)",
    "NumPy's defaults": "import numpy; numpy.seterr(all='raise')",
    "how Pillow reads truncated images": "from PIL import ImageFile; ImageFile.LOAD_TRUNCATED_IMAGES = True",
}
TORCH = """
import torch
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_num_threads(3)
torch.manual_seed(5)
torch.set_grad_enabled(False)
"""
# What of the process a command depends on; the second line has to be as if there were no plugin.
STATE = """
import os, random, signal, sys, warnings, logging
import PIL.ImageFile, numpy
random.seed(1)
from xrayscan.plugin.manager import load_registry
registry = load_registry()
assert "mine" in registry.backends, registry.plugins
print(os.getcwd(), os.environ.get("OMP_NUM_THREADS"), signal.getsignal(signal.SIGINT), sys.excepthook,
    warnings.filters[:1], logging.getLogger().handlers, random.random(), numpy.geterr(),
    PIL.ImageFile.LOAD_TRUNCATED_IMAGES)
"""


@pytest.fixture
def python(tmp_path):
    """Run Python where a plugin is installed whose import runs ``text``."""
    (tmp_path / "mine-1.dist-info").mkdir()
    (tmp_path / "mine-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
    (tmp_path / "mine-1.dist-info" / "entry_points.txt").write_text("[xrayscan]\nmine = mine\n")

    def run(text, *command):
        (tmp_path / "mine.py").write_text(text + HOOK)
        path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.mark.parametrize(
    "end", ["raise SystemExit(3)", "import sys; sys.exit()", "raise BaseException", "1 / 0", "x x"]
)
def test_a_plugin_whose_import_ends_in_whatever_way_ends_no_command(python, end):
    done = python(end, "-m", "xrayscan", "plugins")
    assert "vgg16" in done.stdout
    assert "plugin mine did not load: " in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_without_words_is_told_by_its_kind(python):
    assert "did not load: SystemExit" in python("raise SystemExit", "-m", "xrayscan", "plugins").stderr


def test_what_plugins_print_and_change_is_undone_and_told(python):
    undisturbed = python("", "-c", STATE)
    everything = python("\n".join(CHANGES.values()), "-c", STATE)
    assert everything.stdout == undisturbed.stdout


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_told(python, change):
    done = python(CHANGES[change], "-m", "xrayscan", "plugins")
    assert f"plugin mine, when loaded, {'' if change.startswith('prints') else 'changes '}{change}" in done.stderr
    assert "mine  " in done.stdout
    assert change.partition("'")[2].rstrip("'") not in done.stdout or not change.startswith("prints")


def test_nothing_is_told_of_a_plugin_that_does_nothing(python):
    assert python("", "-m", "xrayscan", "plugins").stderr == ""


def test_torchs_defaults_are_as_they_were_right_after_its_import(python):
    code = (
        "from xrayscan.plugin.manager import load_registry; plugins = load_registry().plugins; import torch; "
        "print(torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads(), "
        "torch.initial_seed() == 5, torch.is_grad_enabled(), "
        "next(plugin.notes for plugin in plugins if plugin.name == 'mine'))"
    )
    plain, changed = python("", "-c", code).stdout, python(TORCH, "-c", code).stdout
    assert changed.partition("(")[0] == plain.partition("(")[0]
    assert "imports torch" in changed
    assert "torch's defaults" in changed

"""`xrayscan plugins new`: a whole plugin under a name of one's own, with the contract test of its kind."""

import importlib.resources
import importlib.util
import keyword
import os
import re
import sys
from collections.abc import Mapping
from types import MappingProxyType

from xrayscan.errors import OutputError, UsageError
from xrayscan.files.atomic import atomic_writer, writing
from xrayscan.files.text import encodable
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import ALLOWED, EDGES

# Of each kind: what its contract is told beside its name.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "backend": 'backend = "my-plugin"\n    parameters = {"side": 32}',
        "callback": 'callback = "my-plugin"',
        "check": 'check = "my-plugin"',
        "command": 'command = "my-plugin"',
        "decoder": 'decoder = "my-plugin"\n    films = [MAGIC + bytes(range(64)) * 64]',
        "engine": 'engine = "my-plugin"',
        "observer": 'observer = "my-plugin"',
        "report": 'report = "my-plugin"',
        "runtime": 'runtime = "my-plugin"',
        "sink": """\
folder = TemporaryDirectory()
    sink, file = "my-plugin", b"a file"
    address, unreachable = f"my-plugin://{folder.name}", "my-plugin:///no/such/folder\"""",
        "source": """\
source, files = "my-plugin", FILMS
    address, absent = "my-plugin://ward", "my-plugin://ward/none.pgm\"""",
    }
)
IMPORTS = {  # of a contract test, by the word that needs it
    "TemporaryDirectory": "from tempfile import TemporaryDirectory\n",
    "MAGIC": "from my_plugin import MAGIC",
    "FILMS": "from my_plugin import FILMS",
}
NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
LONGEST = 40  # characters, as of all names that plugins register
PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "my-plugin"
version = "0.1"
description = "A {kind} for xrayscan."
requires-python = ">=3.11"
dependencies = ["xrayscan"]

[project.optional-dependencies]
test = ["mypy", "pytest"]

[project.entry-points.xrayscan]
my_plugin = "my_plugin"

[tool.setuptools]
py-modules = ["my_plugin"]
"""
CONTRACT = '''\
"""The promises that every {kind} of xrayscan keeps. Run it with pytest once the plugin is installed."""

{imports}


class TestMyPlugin({title}Contract):
    """One test per promise."""

    {subject}
'''


def write_scaffold(name: str, kind: str, folder: str) -> list[str]:
    """Write a plugin called ``name`` into a new folder, and return its files.

    ``kind`` is one of `KINDS`. The plugin works as it is: it is there to be changed.
    Raises: UsageError for a name that cannot be one or is taken; OutputError if the folder is there already.
    """
    module = name.replace("-", "_")
    _refuse_name(name, module, kind)
    spellings = {"my_plugin": module, "my-plugin": name, "MyPlugin": module.title().replace("_", "")}
    files = {
        f"{module}.py": _template(kind),
        f"test_{module}.py": _contract(kind),
        "pyproject.toml": PROJECT.format(kind=kind),
    }
    with writing(folder):
        try:
            os.mkdir(folder)
        except FileExistsError:
            raise OutputError(f"{encodable(folder)} is there already: give another --out") from None
    for file_name, text in files.items():
        with atomic_writer(os.path.join(folder, file_name)) as file:
            file.write(re.sub("|".join(spellings), lambda match: spellings[match[0]], text))
    return [os.path.join(folder, file_name) for file_name in files]


def _contract(kind: str) -> str:
    subject, title = KINDS[kind], kind.title()
    imports = [line for word, line in IMPORTS.items() if word in subject]
    imports.append(f"from xrayscan.testing import {title}Contract")
    return CONTRACT.format(kind=kind, title=title, subject=subject, imports="\n".join(imports))


def _template(kind: str) -> str:
    return importlib.resources.files("xrayscan.scaffold.templates").joinpath(f"{kind}.py").read_text("utf-8")


def _refuse_name(name: str, module: str, kind: str) -> None:
    if not NAME.fullmatch(name) or len(name) > LONGEST or keyword.iskeyword(module):
        raise UsageError(
            f"{name!r} cannot be a plugin's name: use small letters, digits, '-' and '_', a letter first, at most "
            f"{LONGEST}, no keyword of Python"
        )
    if module in sys.stdlib_module_names or module == "test" or importlib.util.find_spec(module):
        raise UsageError(f"there is a module called {module} already: choose another name")
    edge = next(edge for edge in EDGES if edge.singular == kind)
    if not (pattern := edge.names["name"]).fullmatch(name):
        raise UsageError(f"{name!r} cannot be a {kind}'s name: use {ALLOWED[pattern]}")
    known = load_registry()
    if module in (plugin.name for plugin in known.plugins):
        raise UsageError(f"there is a plugin called {module} already: choose another name")
    if name in getattr(known, edge.name):
        raise UsageError(f"another {kind} is called {name}: choose another name")

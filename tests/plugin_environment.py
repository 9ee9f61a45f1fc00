"""An environment of its own, into which plugins are installed with pip and from which they are removed again."""

import os
import subprocess
import sys
import venv
from pathlib import Path

from small import ROOT

PYPROJECT = """
[project]
name = "{name}"
version = "0.1"

[project.entry-points.xrayscan]
{module} = "{module}"

[tool.setuptools]
py-modules = ["{module}"]
"""


class PluginEnvironment:
    """pip, setuptools and xrayscan are those of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "environment")
        windows = os.name == "nt"
        self.python = str(folder / "environment" / ("Scripts" if windows else "bin") / "python")
        lib = folder / "environment" / ("Lib" if windows else f"lib/python{sys.version_info[0]}.{sys.version_info[1]}")
        self.site = lib / "site-packages"
        base = f"{sys.base_prefix}/lib"
        here = [path for path in sys.path if path and os.path.isdir(path) and not path.startswith(base)]
        (self.site / "ours.pth").write_text("\n".join([str(ROOT), *here]) + "\n")
        self._before = self._installed()

    def run(self, *command: str, code: int = 0, **environment: str) -> str:
        """Run a module; return its stdout, with stderr behind it if it should not succeed."""
        done = subprocess.run(
            [self.python, "-m", *command],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if code else "")

    def install(self, package: Path) -> None:
        self.run("pip", "install", "--no-deps", "--no-build-isolation", "--no-index", str(package))

    def install_module(self, path: Path) -> str:
        """Install a plugin that is one module; return the package's name."""
        package = self.folder / path.stem.replace("_", "-")
        package.mkdir()
        (package / path.name).write_text(path.read_text())
        (package / "pyproject.toml").write_text(PYPROJECT.format(name=package.name, module=path.stem))
        self.install(package)
        return package.name

    def remove(self, *names: str) -> None:
        """Uninstall, and see that nothing is left."""
        self.run("pip", "uninstall", "--yes", *names)
        assert self._installed() == self._before

    def _installed(self) -> list[str]:
        return sorted(path.name for path in self.site.iterdir() if path.name != "__pycache__")

"""What `pip install .` takes along: every package, or the installed program lacks a part that the checkout has."""

import tomllib

from small import ROOT


def test_every_package_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = [path.parent.relative_to(ROOT) for path in (ROOT / "xrayscan").rglob("__init__.py")]
    assert sorted(project["tool"]["setuptools"]["packages"]) == sorted(
        [*(".".join(folder.parts) for folder in folders), "xrayscan_plugins"]
    )
    assert not [path for path in (ROOT / "plugins").iterdir() if path.is_dir() and path.name != "__pycache__"]

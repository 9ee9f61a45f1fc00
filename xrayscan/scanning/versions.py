"""What may move a probability beside the model: versions of libraries and plugins, compared between machines."""

import platform
import socket
from collections.abc import Mapping

from xrayscan.errors import UsageError
from xrayscan.plugin.manager import load_registry
from xrayscan.report.run_json import PACKAGES, package_versions

ABSENT = "not installed"
SHOWN = 4


def installed_versions() -> dict[str, str]:
    """Return the version of Python, of each package that reads or computes, and of each plugin that loads."""
    plugins = {f"plugin {one.name}": one.origin for one in load_registry().plugins if not one.error}
    return {"Python": ".".join(platform.python_version_tuple()[:2]), **package_versions(PACKAGES), **plugins}


def refuse_others(wanted: Mapping[str, str]) -> None:
    """Raise UsageError where what is installed here differs from where the scan was started."""
    here = installed_versions()
    names = sorted(name for name in {*wanted, *here} if wanted.get(name, ABSENT) != here.get(name, ABSENT))
    if names:
        told = (f"{name} {here.get(name, ABSENT)} instead of {wanted.get(name, ABSENT)}" for name in names[:SHOWN])
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        raise UsageError(f"worker {socket.gethostname()} has {', '.join(told)}{more}: install the same on all machines")

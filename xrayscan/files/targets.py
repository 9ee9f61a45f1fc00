"""What plugins name without importing it: ``my_plugin.cluster:run`` is a module, and in it an object."""

import importlib
from typing import Any


def module_of(target: str) -> str:
    """The module of a target."""
    return target.partition(":")[0]


def load_target(target: str) -> Any:
    """Import what a target names. Raises: ImportError or AttributeError where there is none."""
    return getattr(importlib.import_module(module_of(target)), target.partition(":")[2])

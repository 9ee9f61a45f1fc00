"""Settings that people may choose: declared once, in a dataclass, for the library and the command line alike."""

import dataclasses
from typing import Any


def option(default: Any, told: str, *flags: str, **more: Any) -> Any:
    """A field that is an option of commands as well: `xrayscan.cli.settings` says what ``more`` may hold.

    ``default``: `dataclasses.MISSING` for one that must be given, or a function. ``told``: its line in --help.
    """
    metadata = {"help": told, "flags": flags, **more}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)

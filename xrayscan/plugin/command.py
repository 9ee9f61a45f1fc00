"""What a command of the command line is, before anything of it is imported."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """``xrayscan NAME``: its line in ``xrayscan --help``, and where its click command is found once it is run."""

    name: str
    summary: str  # one line for ``xrayscan --help``
    target: str  # such as ``my_plugin:export``: a module, and in it a `click.Command`

"""Folders of runs that may be addresses: where reports go, and from where they are taken up again."""

import os
from collections.abc import Sequence
from typing import Any

import click

from xrayscan.cli.installed import installed


class OutFolder(click.ParamType[str]):
    """A folder for reports, or an address of a store that keeps them."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the path as it is, or the address as it is used. Credentials in it are not shown."""
        from xrayscan.errors import UsageError
        from xrayscan.plugin.publishing import is_address, out_address

        if not is_address(value):
            return str(value)
        try:
            return out_address(value, installed(ctx or click.get_current_context()).sources)
        except UsageError as error:
            self.fail(str(error), param, ctx)


class RunFolder(click.Path):
    """The folder of an earlier run, by its path or by the address of its reports."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the folder on this machine."""
        from xrayscan.plugin.publishing import folder_of, is_address

        given = os.fsdecode(value)
        if is_address(given) and not os.path.isdir(folder_of(given)):
            self.fail(f"no scan into {given} was made on this machine by this user", param, ctx)
        return super().convert(folder_of(given) if is_address(given) else value, param, ctx)


def opened(out: str, *, share: bool = False) -> str:
    """Return the folder of a run into this folder or address; for an address it is made, and the store tried.

    Raises: UsageError, OutputError.
    """
    from xrayscan.plugin.publishing import begin, is_address

    return begin(out, share=share) if is_address(out) else out


def handed_over(run: str, files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Have the files of a run be where they are to be; return their names, and the same with sizes for people.

    Raises: OutputError.
    """
    from xrayscan.files.own_output import STORE_NAME
    from xrayscan.files.text import with_size
    from xrayscan.plugin.publishing import publish

    names = publish(run, files)
    told = [with_size(path, name) for path, name in zip(files, names, strict=True)]
    if names != list(files):
        told.append(f"{with_size(os.path.join(run, STORE_NAME))}, from which the same command goes on")
    return names, told

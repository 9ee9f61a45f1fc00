"""--copy-to, for the commands that make a worklist: its films by tier, in a folder of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from xrayscan.cli.settings import option

if TYPE_CHECKING:
    from xrayscan.worklist.worklist import Worklist


@dataclass(frozen=True, slots=True)
class Copies:
    """Where the films themselves go, if anywhere."""

    copy_to: str | None = option(
        None, "Also put the films into FOLDER/high, FOLDER/low and so on, in reading order.", metavar="FOLDER/"
    )
    copy_as: Literal["copy", "link"] = option("copy", "How --copy-to does it: whole copies, or symbolic links.")

    def check(self, scanned: Iterable[str]) -> None:
        """Refuse, before any work, a folder that holds something or would be scanned. Raises: OutputError."""
        if self.copy_to is not None:
            from xrayscan.explain.copies import refuse_copies

            refuse_copies(self.copy_to, scanned)

    def make(self, worklist: "Worklist", *, share: bool = False) -> list[str]:
        """Put the films there, if that was asked for, and say so. Raises: OutputError."""
        if self.copy_to is None:
            return []
        from xrayscan.explain.copies import copy_films
        from xrayscan.files.text import counted, escaped

        made = copy_films(worklist, self.copy_to, way=self.copy_as, share=share)
        if made.missing:
            source, why = made.missing[0]
            count = counted(len(made.missing), "film")
            click.echo(escaped(f"xrayscan: {count} not in {self.copy_to}, such as {source}: {why}"), err=True)
        return [f"{self.copy_to} ({counted(made.films, 'film')})"]

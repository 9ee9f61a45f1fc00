"""Where reports are sent: a place with an address, which takes one file after the other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Sink(Protocol):
    """One way to send the files of a `FolderReport`. Register it from a plugin's ``register_sinks`` hook."""

    @property
    def name(self) -> str:
        """The scheme: ``--send NAME://…`` goes here."""
        ...

    def check(self, address: str) -> None:
        """Asked before a scan begins, without connecting. Raises: UsageError that says what is wrong, with the remedy.

        An address is kept and shown, so it may hold no credentials: those come from the environment.
        """
        ...

    def connect(self, address: str) -> AbstractContextManager[Callable[[bytes], None]]:
        """Give a function that sends the bytes of one file, and returns once the other side has it.

        It may be given a file that the other side has already, where nobody knows whether it arrived. It raises
        OutputError for a file that was refused, and OSError where no other file would arrive either. The texts say why
        in a phrase that quotes neither the file nor the other side.
        """
        ...

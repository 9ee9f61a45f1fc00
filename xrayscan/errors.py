"""The exceptions of xrayscan: one tree, whose classes choose the exit code and whose text is the whole message."""

from xrayscan.outcome import Code, Status


class XrayscanError(Exception):
    """Base of every error that a user can mend. The text says what is wrong, where, and what to do about it."""

    exit_code = 1


class UsageError(XrayscanError):
    """Wrong usage that shows only once work has begun: a device that is not there, settings that exclude each other."""

    exit_code = 2


class InputError(XrayscanError):
    """Nothing in the input could be used: no radiograph to score, or a labelled folder that lacks a label."""

    exit_code = 3


class ModelError(XrayscanError):
    """An unknown backend, a name taken twice, wrong parameters, or a model file that cannot be used."""

    exit_code = 4


class OutputError(XrayscanError):
    """A report or store that cannot be written."""

    exit_code = 5


class DecodeError(XrayscanError):
    """One file that cannot be scored. Its text is the reason in the worklist, such as "truncated JPEG".

    ``code`` says the same to programs. How the file ends follows from it, and so does what to do about it.
    """

    exit_code = 3

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code

    def __reduce__(self) -> tuple[type["DecodeError"], tuple[Code, str]]:
        return type(self), (self.code, str(self))

    @property
    def status(self) -> Status:
        """Failed; set aside, if it is nothing that a model may judge; skipped, if nobody would call it an image."""
        return self.code.status

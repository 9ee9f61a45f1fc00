"""One path that was found."""

from dataclasses import dataclass

from xrayscan.outcome import Code, Status


@dataclass(frozen=True, slots=True)
class Source:
    """One path that was found: a candidate, or with a reason why it cannot even be opened as one.

    Both paths may hold surrogate escapes (PEP 383) where a name is not UTF-8. ``size`` is in bytes, ``mtime_ns`` in
    nanoseconds since 1970; both are 0 for a path with a reason.
    """

    source: str  # the path as given plus what lies below it
    path: str  # absolute; links are not resolved
    size: int = 0
    mtime_ns: int = 0
    reason: str | None = None
    code: Code | None = None  # goes with a reason

    @property
    def status(self) -> Status:
        """How it ends, if there is a reason."""
        return self.code.status if self.code else Status.FAILED

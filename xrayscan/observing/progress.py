"""How far a scan is."""

from dataclasses import dataclass

from xrayscan.store.record import Status

COUNTED_AS = {status: status.name.lower() for status in Status}  # field of `Progress`


@dataclass(slots=True)
class Progress:
    """How far a scan is. ``found`` grows while the walk goes on; ``walked`` says that it is complete."""

    found: int = 0
    scored: int = 0
    set_aside: int = 0
    failed: int = 0
    skipped: int = 0
    kept: int = 0  # of all these, from an earlier scan
    walked: bool = False
    unanswered: float = 0.0  # s that the file system has not answered for, while nothing else is found
    waiting: str = ""  # what the engine waits for, while no film is scored: such as a worker that is to join
    seconds: float = 0.0  # the scan as a whole; 0 until it is complete

    @property
    def done(self) -> int:
        """Paths that have their record."""
        return self.scored + self.set_aside + self.failed + self.skipped

    def count(self, status: Status) -> None:
        """Count one more record."""
        name = COUNTED_AS[status]
        setattr(self, name, getattr(self, name) + 1)

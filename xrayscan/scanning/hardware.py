"""What a scan computes on and how, settled before its first film is scored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from xrayscan.model.backend import Placement
from xrayscan.network.openmp import wait_passively


@dataclass(frozen=True, slots=True)
class Hardware:
    """A device with a precision, how many films it is given at once, and how many batches at the same time."""

    placement: Placement
    batch_size: int
    streams: int

    @classmethod
    def resolved(cls, device: str, precision: str, batch_size: int | None) -> Self:
        """Settle what is asked for as ``auto`` or None. Imports torch. Raises: UsageError for what is not there."""
        wait_passively()
        from xrayscan.network.device import place

        return cls.from_placement(place(device, precision), batch_size)

    @classmethod
    def from_placement(cls, placement: Placement, batch_size: int | None = None) -> Self:
        """What suits a device that is known to be there. Imports torch."""
        from xrayscan.network.device import default_batch_size, streams

        return cls(placement, batch_size or default_batch_size(placement), streams(placement))

    def one_thread_each(self) -> Callable[[], None]:
        """Let every stream compute in its own thread alone; returns what restores torch's number of threads."""
        from xrayscan.network.device import one_thread_each

        return one_thread_each(self.placement)


def ran_on(hardware: Hardware | None) -> dict[str, str | int]:
    """Device, precision and batch size by name; nothing and 0 where no film was to be scored."""
    if hardware is None:
        return {"device": "", "precision": "", "batch_size": 0}
    placement = hardware.placement
    return {"device": placement.device, "precision": placement.precision, "batch_size": hardware.batch_size}

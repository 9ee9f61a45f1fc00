"""What a scan computes on and how, settled before its first film is scored."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from xrayscan.model.backend import Placement
from xrayscan.model.file import Model
from xrayscan.network.openmp import wait_passively


@dataclass(frozen=True, slots=True)
class Hardware:
    """A device with a precision, how many films it is given at once, and how many batches at the same time."""

    placement: Placement
    batch_size: int
    streams: int

    @classmethod
    def resolved(
        cls,
        models: Sequence[Model],
        *,
        device: str = "auto",
        precision: str = "auto",
        runtime: str = "auto",
        batch_size: int | None = None,
        films: int = 0,
        before: tuple[str, str] | None = None,
    ) -> Self:
        """Settle what is asked for as ``auto`` or None, for about ``films`` films: see `network.choice.choose`.

        Raises: UsageError for what is not there.
        """
        wait_passively()
        from xrayscan.network.choice import choose

        asked = {"device": device, "precision": precision, "runtime": runtime}
        return cls.from_placement(choose(models, **asked, films=films, before=before), batch_size)

    @classmethod
    def from_placement(cls, placement: Placement, batch_size: int | None = None) -> Self:
        """What suits a device that is known to be there."""
        from xrayscan.network.device import default_batch_size, streams

        return cls(placement, batch_size or default_batch_size(placement), streams(placement))

    @property
    def computed(self) -> tuple[str, str]:
        """Runtime and precision."""
        return self.placement.runtime, self.placement.precision

    def one_thread_each(self) -> Callable[[], None]:
        """Let every stream compute in its own thread alone; returns what restores torch's number of threads."""
        from xrayscan.network.device import one_thread_each

        return one_thread_each(self.placement)


def ran_on(hardware: Hardware | None) -> dict[str, str | int]:
    """Device, precision, runtime and batch size by name; nothing and 0 where no film was to be scored."""
    if hardware is None:
        return {"device": "", "precision": "", "runtime": "", "batch_size": 0}
    return dataclasses.asdict(hardware.placement) | {"batch_size": hardware.batch_size}

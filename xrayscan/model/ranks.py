"""Which of the processes this one is that train a network together, each on a device of its own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.errors import UsageError


@dataclass(frozen=True, slots=True)
class Ranks:
    """Rank and number of processes, of all and of those on this machine, as torch.distributed counts them."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes, and that people hear of."""
        return self.rank == 0

    def share(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The part of indices (..., N) that is this process's to do: every ``size``-th, so that parts differ by one."""
        return indices[..., self.rank :: self.size]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Ranks":
        """As torchrun, or whatever else started this process, says; one process where nobody says anything.

        Raises: UsageError for numbers that do not go together.
        """
        if not (environment.get("RANK") and environment.get("WORLD_SIZE")):
            return cls()
        try:
            rank, size = int(environment["RANK"]), int(environment["WORLD_SIZE"])
            local_rank = int(environment.get("LOCAL_RANK", 0))
            local_size = int(environment.get("LOCAL_WORLD_SIZE", local_rank + 1))
        except ValueError as error:
            raise UsageError(f"RANK, WORLD_SIZE and the like are to be whole numbers ({error})") from error
        if not (0 <= rank < size and 0 <= local_rank < local_size <= size):
            raise UsageError(
                f"RANK={rank} of WORLD_SIZE={size} and LOCAL_RANK={local_rank} of LOCAL_WORLD_SIZE={local_size} do not "
                "go together: start with torchrun, or without these variables"
            )
        return cls(rank, size, local_rank, local_size)

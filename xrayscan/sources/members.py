"""What an archive lists: one entry a member, under a name of its own, and how much of it is believed."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.address import safe_name
from xrayscan.sources.blob import DamagedStreamError, LimitError
from xrayscan.sources.system_error import code_of, why

MAX_MEMBERS = 250_000  # in one archive with all archives in it; the largest public sets of films have fewer in a part
MAX_DEPTH = 3  # archives within archives, the outermost counted
MAX_INFLATED = 1 << 40  # bytes, of one archive with all archives in it
MAX_RATIO = 200  # what an archive inflates to; films reach 20, a deflate bomb 1,032
FREE_BYTES = 1 << 28  # what any archive may inflate to, since small ones of blank pictures pack well
LINK = "link within an archive, not followed"


@dataclass(frozen=True, slots=True)
class Member:
    """One member: where its bytes lie, or with a reason why they are not read."""

    name: str  # as the archive has it, until `named` makes it one to be found by
    size: int = 0  # bytes, as the archive says
    at: int = 0  # where its bytes begin in the archive; in a ZIP where the header before them does
    packed: int = 0  # bytes that it takes in a ZIP
    method: int = 0  # how a ZIP packs it
    crc: int = 0  # CRC-32 of its bytes in a ZIP
    reason: str | None = None
    code: Code | None = None  # goes with a reason


def most_inflated(size: int) -> int:
    """What an archive of ``size`` bytes may inflate to, in bytes."""
    return min(MAX_INFLATED, max(FREE_BYTES, MAX_RATIO * size))


def inflates_too_far(most: int) -> LimitError:
    """The limit on what an archive inflates to, named."""
    limit = f"{MAX_RATIO} times its size" if most < MAX_INFLATED else "1 TiB"
    return LimitError(Code.INFLATES_TOO_FAR, f"archive that inflates to more than {limit}")


def too_many_members() -> LimitError:
    """The limit on files in an archive, named."""
    return LimitError(Code.ARCHIVE_TOO_LARGE, f"archive of more than {MAX_MEMBERS:,} files")


def named(members: Iterable[Member]) -> Iterator[Member]:
    """Give every member a safe name that no earlier one has: of several with one name the later are counted.

    The order of an archive decides, so that a name leads to the same member whenever the archive is read.
    """
    used: dict[str, int] = {}
    for member in members:
        name = first = safe_name(member.name)
        while name in used:
            used[first] += 1
            stem, extension = os.path.splitext(first)
            name = f"{stem} ({used[first]}){extension}"
        used[name] = 1
        yield member if name == member.name else replace(member, name=name)


def collected(members: Iterable[Member]) -> tuple[list[Member], DecodeError | None]:
    """Return the members that could be listed, and what is wrong with the archive behind them or on the way."""
    listed: list[Member] = []
    try:
        for member in members:
            listed.append(member)
    except (LimitError, DamagedStreamError) as error:
        return [], error
    except DecodeError as error:
        return listed, error
    except OSError as error:
        return listed, DecodeError(code_of(error), f"archive that cannot be read further: {why(error)}")
    return listed, None


class Budget:
    """What may be read of one archive of ``size`` bytes, with all archives in it."""

    def __init__(self, size: int) -> None:
        self._members = 0
        self._inflated = 0
        self._most = most_inflated(size)

    def take(self, member: Member) -> None:
        """Count one more member. Raises: LimitError that names the limit."""
        self._members += 1
        self._inflated += member.size
        if self._members > MAX_MEMBERS:
            raise too_many_members()
        if self._inflated > self._most:
            raise inflates_too_far(self._most)

"""One share of a scan that several machines do side by side, none of them knowing of the others."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from xrayscan.errors import UsageError
from xrayscan.sources.source import Source

DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Shard:
    """Share ``number`` of ``count``, from 1. Which share a file is in depends on its absolute path alone.

    So every path is in exactly one share, on every machine that sees it under the same path, and stays in it whatever
    else comes and goes.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise UsageError(f"shard {self}: shards are numbered from 1, such as 1/16 to 16/16")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a shard as it is written: ``3/16``. Raises: UsageError."""
        if not (found := re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())):
            raise UsageError(f"shard {text!r}: give its number and how many there are, such as 3/16")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def among(self, sources: Iterable[Source]) -> Iterator[Source]:
        """Yield the sources that are in it."""
        return iter(sources) if self == WHOLE else (source for source in sources if self._holds(source.path))

    def _holds(self, path: str) -> bool:
        digest = hashlib.blake2b(os.fsencode(path), digest_size=DIGEST_BYTES).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


WHOLE = Shard(1, 1)

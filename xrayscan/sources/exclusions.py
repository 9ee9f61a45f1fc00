"""Paths that a scan leaves out because somebody asked so, by patterns as in a .gitignore file."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xrayscan.errors import Code, UsageError
from xrayscan.sources.address import MARK
from xrayscan.sources.source import Source

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

REASON = "excluded (--exclude)"


@dataclass(slots=True)
class Exclusions:
    """Patterns, matched below the folder or archive that was named; a file that was named is matched by its name.

    Source: git, gitignore(5), "PATTERN FORMAT": the last pattern that matches counts, ``!`` takes back.
    """

    spec: "GitIgnoreSpec | None"  # None where nothing is left out
    _roots: list[str] = field(default_factory=list)  # folders that were named, as sources begin below them

    @classmethod
    def from_patterns(cls, patterns: Iterable[str]) -> "Exclusions":
        """Raises: UsageError for a pattern that is none."""
        given = tuple(patterns)
        if not given:
            return cls(None)
        from pathspec import GitIgnoreSpec  # every process that lists or reads files imports this module

        try:
            spec = GitIgnoreSpec.from_lines(given)
        except ValueError:
            raise UsageError("--exclude takes patterns as in a .gitignore file, such as *-thumb.png or old/") from None
        return cls(spec if spec.patterns else None)

    @property
    def any(self) -> bool:
        """Whether there is a pattern at all."""
        return self.spec is not None

    def add_root(self, folder: str) -> None:
        """Note a folder that was named; patterns are matched below the longest one."""
        if self.any:
            self._roots.append(os.path.join(folder, ""))
            self._roots.sort(key=len, reverse=True)

    def cover(self, source: str, is_folder: bool = False) -> bool:
        """Whether a path is left out, or the folder that it lies in."""
        if self.spec is None:
            return False
        below = self._below(source).replace(MARK, "/")
        return self.spec.match_file(f"{below}/" if is_folder else below)

    def applied(self, sources: Iterable[Source]) -> Iterator[Source]:
        """Yield the sources, those that are left out with that reason."""
        for found in sources:
            yield excluded(found.source, found.path) if self._covers(found) else found

    def _covers(self, found: Source) -> bool:
        return found.reason is None and self.cover(found.source)

    def _below(self, source: str) -> str:
        for root in self._roots:
            if source.startswith(root):
                return source[len(root) :]
        outside, _, inside = source.partition(MARK)
        return inside or os.path.basename(outside)


def excluded(source: str, path: str) -> Source:
    """What is left of a path that a scan leaves out."""
    return Source(source, path, reason=REASON, code=Code.EXCLUDED)

"""Which file a cell means, where paths differ the way people's do: uniquely, or not at all."""

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from xrayscan.errors import Status
from xrayscan.sources.folders import discover

EXTENSION = re.compile(r"\.[a-z][a-z0-9]{1,4}$")  # a number is the end of a UID


class Files:
    """The files below a folder, by name."""

    def __init__(self, directory: str) -> None:
        """Walk the folder once."""
        self._by_name: defaultdict[str, list[tuple[list[str], str]]] = defaultdict(list)
        self._by_folder: defaultdict[str, list[tuple[list[str], str]]] = defaultdict(list)
        for source in discover([directory]):
            if source.status is Status.SKIPPED:
                continue
            parts = _parts(os.path.relpath(source.source, directory))
            for name in {parts[-1], EXTENSION.sub("", parts[-1])}:
                self._by_name[name].append((parts, source.source))
            if len(parts) > 1:
                self._by_folder[parts[-2]].append((parts[:-1], source.source))

    def matching(self, cell: str) -> list[str]:
        """Files whose path agrees with the cell from the end on, as far as both go; letters' case does not count."""
        *folders, name = _parts(cell)
        bare = EXTENSION.sub("", name)
        found = list(self._by_name.get(name, ()))
        found += [one for one in self._by_name.get(bare, ()) if one[0][-1] == bare and bare != name]
        return [path for parts, path in found if _ends_agree(folders, parts[:-1])]

    def within(self, folder: str) -> list[str]:
        """Files that lie in the folder of this name."""
        parts = _parts(folder)
        return [path for other, path in self._by_folder.get(parts[-1], ()) if _ends_agree(parts, other)]


def matched(cells: Iterable[str], taken: Iterable[str], files: Files) -> tuple[dict[str, str], int]:
    """Map cells to files that they alone mean, and count those that may mean several; ``taken`` files are not given."""
    found = {cell: files.matching(cell) for cell in cells}
    only = {cell: paths[0] for cell, paths in found.items() if len(paths) == 1}
    claims = Counter(map(os.path.normpath, [*only.values(), *taken]))
    alone = {cell: path for cell, path in only.items() if claims[os.path.normpath(path)] == 1}
    return alone, sum(bool(paths) for paths in found.values()) - len(alone)


def ways(place: Mapping[str, str]) -> str:
    """Say how cells were matched to files, such as "3 with other folders in front, 2 without the extension"."""
    counts = Counter(_way(cell, path) for cell, path in place.items())
    return ", ".join(f"{count:,} {way}" for way, count in counts.most_common())


def _way(cell: str, path: str) -> str:
    name, plain = cell.replace("\\", "/").split("/")[-1], os.path.basename(path)
    if _parts(name) != _parts(plain):
        return "but for the extension"
    if name != plain:
        return "but for case or Unicode form"
    return "with back-slashes or other folders in front"


def _parts(path: str) -> list[str]:
    plain = unicodedata.normalize("NFC", path.replace("\\", "/")).casefold()
    return [part for part in plain.split("/") if part not in ("", ".")] or [""]


def _ends_agree(one: list[str], other: list[str]) -> bool:
    length = min(len(one), len(other))
    return one[len(one) - length :] == other[len(other) - length :]

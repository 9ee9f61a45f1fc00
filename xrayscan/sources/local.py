"""The file system as a place: folders, links, and what lies within archives."""

from collections.abc import Iterable, Iterator

from xrayscan.sources.address import LOCAL, split
from xrayscan.sources.archive_file import open_member
from xrayscan.sources.blob import FileBlob
from xrayscan.sources.folders import discover
from xrayscan.sources.interface import Opened, Search
from xrayscan.sources.source import Source


class LocalFiles:
    """Paths without a scheme, ``ward.zip!/a.dcm`` among them. A source among them is passed on as it is."""

    name = LOCAL

    def find(self, addresses: Iterable[str | Source], search: Search) -> Iterator[Source]:
        """As `discover` does."""
        return discover(addresses, archives=search.archives, exclude=search.exclude)

    def open(self, address: str) -> Opened:
        """Open a regular file or a member of an archive; it neither blocks nor has an effect."""
        inside = split(address)
        return open_member(*inside) if inside else FileBlob(address)


LOCAL_FILES = LocalFiles()
BUILT_IN = (LOCAL_FILES,)

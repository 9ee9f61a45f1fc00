"""A sink: files into a folder, each under the SHA-256 of its bytes, where an archive would be sent to."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xrayscan import Sink, UsageError, hookimpl


class MyPlugin:
    """What ``--send my-plugin:///path/of/a/folder`` sends to."""

    name = "my-plugin"

    def check(self, address: str) -> None:
        """Look at an address without connecting. Raises: UsageError with what is wrong and what to do."""
        if "@" in address:
            raise UsageError("a folder has no login: give my-plugin:///path/of/a/folder")

    @contextmanager
    def connect(self, address: str) -> Iterator[Callable[[bytes], None]]:
        """Give what sends one file. Raises: OSError where no file would arrive; OutputError for one that is refused."""
        folder = address.removeprefix("my-plugin://")
        if not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, "no such folder")

        def send(file: bytes) -> None:
            with open(os.path.join(folder, hashlib.sha256(file).hexdigest()), "wb") as written:
                written.write(file)

        yield send


@hookimpl
def register_sinks(register: Callable[[Sink], None]) -> None:
    """Offer the sink."""
    register(MyPlugin())

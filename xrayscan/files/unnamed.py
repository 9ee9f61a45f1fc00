"""Files without a name, for what a process or a codec prints."""

import contextlib
import os
import tempfile
from typing import BinaryIO


def unnamed_file() -> BinaryIO:
    """A file that is gone with its last user: in memory where the system can, so that no folder has to be writable,
    as in a service under systemd's ``ProtectSystem=strict``; else in the folder for temporary files.
    """
    if hasattr(os, "memfd_create"):
        with contextlib.suppress(OSError):
            return os.fdopen(os.memfd_create("xrayscan"), "w+b")
    return tempfile.TemporaryFile()

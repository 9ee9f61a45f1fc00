"""What a command finds around it: a standard output that may be full, a working folder that may be gone."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

from xrayscan.errors import OutputError, UsageError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextlib.contextmanager
def checked() -> Iterator[None]:
    """Run a command, and see that all it printed has arrived.

    Raises: UsageError where the working folder was deleted, OutputError where a disk is full, be it that of a file to
    which standard output goes, or no temporary file can be made.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError("the working folder is gone: change to one that is there (cd), then run it again") from error
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if "temporary directory" in str(error):
            raise OutputError(
                "no folder for temporary files is there: set TMPDIR to one that can be written"
            ) from error
        if error.errno not in FULL:
            raise
        _silence()
        what = error.filename or "standard output"
        raise OutputError(f"{what} cannot be written ({error.strerror}): make room, or write it elsewhere") from error


def _silence() -> None:
    """Let what is still buffered go nowhere, or Python would complain once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)

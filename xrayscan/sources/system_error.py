"""What the system says when a path cannot be read."""

import errno
import os

from xrayscan.errors import Code

_CODES = {
    errno.ENOENT: Code.NOT_FOUND,
    errno.ENOTDIR: Code.NOT_FOUND,
    errno.ENAMETOOLONG: Code.NOT_FOUND,
    errno.EACCES: Code.NOT_PERMITTED,
    errno.EPERM: Code.NOT_PERMITTED,
    errno.EISDIR: Code.NOT_A_FILE,
    errno.ELOOP: Code.BROKEN_LINK,
}


def code_of(error: OSError) -> Code:
    """Return the code of what the system says about a path."""
    return _CODES.get(error.errno or 0, Code.UNREADABLE)


def why(error: OSError) -> str:
    """Return the system's phrase alone: str(error) would repeat the path."""
    return os.strerror(error.errno) if error.errno else "unreadable"

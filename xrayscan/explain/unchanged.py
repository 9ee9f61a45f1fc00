"""The bytes of a film that a scan recorded, as long as it is the file that was scored."""

import hashlib

from xrayscan.errors import Code, DecodeError
from xrayscan.plugin.sources import read_file

CHANGED = "the file has changed since it was scored"


def read_unchanged(source: str, sha256: str) -> bytes:
    """Read a film's file. Raises: DecodeError where it cannot be read, or has another digest than was recorded."""
    data = read_file(source)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DecodeError(Code.CHANGED, CHANGED)
    return data

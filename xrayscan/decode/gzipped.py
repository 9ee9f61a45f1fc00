"""Gzipped films, such as film.dcm.gz: inflated within bounds, then told by their content."""

import zlib

from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError
from xrayscan.sources.reading import HEAD_BYTES

MAGIC = b"\x1f\x8b\x08"
_GZIP = 16 + zlib.MAX_WBITS


def inflated_head(head: bytes) -> bytes:
    """Return the first bytes of the content, as far as the compressed head tells; none if it is damaged."""
    try:
        return zlib.decompressobj(_GZIP).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


def inflate(data: bytes, limits: Limits) -> bytes:
    """Return the content of a gzip file, of all its members, as RFC 1952 section 2.2 says.

    Raises: DecodeError if it is cut, damaged, or inflates beyond the limit.
    """
    pieces: list[bytes] = []
    size = 0
    while data.startswith(MAGIC) or not pieces:  # what else follows the last member is padding
        inflater = zlib.decompressobj(_GZIP)
        try:
            pieces.append(inflater.decompress(data, limits.max_inflated_bytes + 1 - size))
        except zlib.error:
            raise DecodeError(Code.DAMAGED, "damaged gzip file") from None
        size += len(pieces[-1])
        limits.check_inflated(size)
        if not inflater.eof:
            raise DecodeError(Code.TRUNCATED, "truncated gzip file")
        data = inflater.unused_data
    return b"".join(pieces)


def inflated(data: bytes, window: int, limits: Limits, damaged: DecodeError, cut: DecodeError) -> bytes:
    """Return what a deflated stream holds. ``window``: as zlib wants it.

    Raises: ``damaged``, ``cut`` where the end is missing, or DecodeError beyond the limit.
    """
    inflater = zlib.decompressobj(window)
    try:
        content = inflater.decompress(data, limits.max_inflated_bytes + 1)
    except zlib.error:
        raise damaged from None
    limits.check_inflated(len(content))
    if not inflater.eof:
        raise cut
    return content

"""Gzipped films, such as film.dcm.gz: inflated within bounds, then told by their content."""

import zlib

from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError

MAGIC = b"\x1f\x8b\x08"
_GZIP = 16 + zlib.MAX_WBITS
_HEAD_BYTES = 4096


def inflated_head(head: bytes) -> bytes:
    """Return the first bytes of the content, as far as the compressed head tells; none if it is damaged."""
    try:
        return zlib.decompressobj(_GZIP).decompress(head, _HEAD_BYTES)
    except zlib.error:
        return b""


def inflate(data: bytes, limits: Limits) -> bytes:
    """Return the content of a gzip file. Raises: DecodeError if it is cut, damaged, or inflates beyond the limit."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        content = inflater.decompress(data, limits.max_inflated_bytes + 1)
    except zlib.error:
        raise DecodeError(Code.DAMAGED, "damaged gzip file") from None
    limits.check_inflated(len(content))
    if not inflater.eof:
        raise DecodeError(Code.TRUNCATED, "truncated gzip file")
    return content

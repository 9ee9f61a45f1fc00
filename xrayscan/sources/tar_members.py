"""The members of a tar archive, header by header; where one is damaged, from the next sound one on.

Python's own reader takes a damaged header for the end, and reads headers of any size into memory.
Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar Format".
"""

import tarfile
from collections.abc import Iterator

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.blob import Blob
from xrayscan.sources.members import LINK, MAX_MEMBERS, Member, too_many_members

BLOCK = tarfile.BLOCKSIZE
MAX_HEADER = 1 << 20  # bytes of names and other words before one member
LONGEST_SEARCH = 1 << 26  # bytes in which the next sound header is looked for
_MAGIC_AT, _MAGIC = 257, b"ustar"
_LONG_NAME, _LONG_LINK, _PAX, _PAX_ALL = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, b"g"
_WORDS = (_LONG_NAME, _LONG_LINK, _PAX, _PAX_ALL, tarfile.SOLARIS_XHDTYPE)
_KINDS = {
    tarfile.LNKTYPE: (LINK, Code.ARCHIVED_LINK),
    tarfile.SYMTYPE: (LINK, Code.ARCHIVED_LINK),
    tarfile.FIFOTYPE: ("named pipe, not a regular file", Code.NOT_A_FILE),
    tarfile.CHRTYPE: ("device, not a regular file", Code.NOT_A_FILE),
    tarfile.BLKTYPE: ("device, not a regular file", Code.NOT_A_FILE),
}
SPARSE = "file with holes in a tar archive, which are not read: unpack it"
DAMAGED = "damaged archive: a part of it is lost"
TRUNCATED = "truncated archive: its end is missing"


def is_tar(blob: Blob) -> bool:
    """Whether it begins as a tar archive does, be it an empty one, or one whose first header is damaged."""
    first = blob.read(0, BLOCK)
    if len(first) < BLOCK:
        return False
    return not any(first) or _header(first) is not None or _next_header(blob, 0, MAX_HEADER)[0] is not None


def tar_members(blob: Blob) -> Iterator[Member]:
    """Yield the members in their order, folders left out. Raises: DecodeError behind the last that could be listed."""
    at, damaged, count = 0, False, 0
    words: dict[str, str] = {}
    while True:
        block = blob.read(at, BLOCK)
        if len(block) < BLOCK:
            raise DecodeError(Code.DAMAGED, DAMAGED) if damaged else DecodeError(Code.TRUNCATED, TRUNCATED)
        header = _header(block)
        if header is None:
            further, only_zeros = _next_header(blob, at)
            damaged = damaged or not only_zeros  # a hole of zeros is no end
            if further is None:
                break
            at, words = further, {}
            continue
        count += 1
        if count > MAX_MEMBERS:
            raise too_many_members()
        at += BLOCK
        if header.type in _WORDS:
            words |= _read_words(blob, at, header)
        else:
            size = _size(header, words)
            if header.type == tarfile.GNUTYPE_SPARSE:
                at = _behind_map(blob, at, block)
            if not header.isdir():
                yield _member(header, words, size, at)
            header.size, words = size, {}
        at += -(-header.size // BLOCK) * BLOCK
    if damaged:
        raise DecodeError(Code.DAMAGED, DAMAGED)


def _header(block: bytes) -> tarfile.TarInfo | None:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return None
    if header.type in _KINDS or header.isdir():
        header.size = 0  # they have no bytes, whatever they say
    return header if header.size >= 0 else None


def _next_header(blob: Blob, at: int, within: int = LONGEST_SEARCH) -> tuple[int | None, bool]:
    """Find the next block that is a header, within reach; say also whether all that was searched is zeros."""
    end, only_zeros = at + within, True
    while at < end and (piece := blob.read(at, 128 * BLOCK)):
        for start in range(0, len(piece), BLOCK) if any(piece) else ():
            block = piece[start : start + BLOCK]
            if block[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC and _header(block):
                return at + start, False
            only_zeros = only_zeros and not any(block)
        at += len(piece)
    return None, only_zeros


def _read_words(blob: Blob, at: int, header: tarfile.TarInfo) -> dict[str, str]:
    """Return what a header before a header says of the next member: its name, its size, whether it has holes."""
    if header.size > MAX_HEADER:
        raise DecodeError(Code.DAMAGED, "damaged archive: a header of more than 1 MiB")
    data = blob.read(at, header.size)
    if header.type == _LONG_NAME:
        return {"path": data.split(b"\0")[0].decode("utf-8", "surrogateescape")}
    return dict(_records(data)) if header.type == _PAX else {}


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield keyword and value of each ``LENGTH KEYWORD=VALUE`` line, until one is damaged."""
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or len(length) > 7 or not len(length) < int(length) <= len(data):
            return
        keyword, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        yield keyword.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")
        data = data[int(length) :]


def _size(header: tarfile.TarInfo, words: dict[str, str]) -> int:
    told = words.get("size", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else header.size


def _behind_map(blob: Blob, at: int, block: bytes) -> int:
    """Return where the bytes of an old GNU file with holes begin: behind as many blocks as its map of holes takes."""
    end, more = at + MAX_HEADER, block[482]
    while more and at < end:
        more = blob.read(at, BLOCK)[504:505] == b"\1"
        at += BLOCK
    return at


def _member(header: tarfile.TarInfo, words: dict[str, str], size: int, at: int) -> Member:
    holes = header.type == tarfile.GNUTYPE_SPARSE or any(word.startswith("GNU.sparse") for word in words)
    reason, code = (SPARSE, Code.UNSUPPORTED_ARCHIVE) if holes else _KINDS.get(header.type, (None, None))
    name = words.get("GNU.sparse.name") or words.get("path") or header.name
    return Member(name, size, at, reason=reason, code=code)

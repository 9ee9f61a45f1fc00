"""The members of a ZIP archive, from its central directory, or where that is missing from the headers before each.

Python's own reader loads the whole directory before anything can be counted, and one bad name costs it all of them.
Source: PKWARE APPNOTE 6.3, sections 4.3 (structure), 4.4 (fields), 4.5.3 (ZIP64).
"""

import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.blob import Blob, LimitError, ReadAhead
from xrayscan.sources.members import LINK, MAX_MEMBERS, Member, collected, too_many_members

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END_64, END_64_LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_CENTRAL_HEADER = struct.Struct("<4s6H3L5H2L")
_END_RECORD = struct.Struct("<4s4H2LH")
_END_64_RECORD = struct.Struct("<4sQ2H2L4Q")
_LONGEST_TAIL = _END_RECORD.size + 0xFFFF  # the end record with the longest comment
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF  # "see the ZIP64 record"
_ENCRYPTED, _SIZES_BEHIND, _UTF8, _STRONG_ENCRYPTION = 1, 1 << 3, 1 << 11, 1 << 6
_UNIX = 3  # the system whose file modes stand in the attributes
STORED, DEFLATED = 0, 8
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}


def starts_as_zip(blob: Blob) -> bool:
    """Whether the first bytes are those of a ZIP archive, be it one without its end."""
    return blob.read(0, 4) in (LOCAL, END, b"PK\x07\x08")


def ends_as_zip(blob: Blob, size: int) -> bool:
    """Whether a ZIP archive stands behind other bytes, such as a program that unpacks it."""
    return _find_end(blob, size) is not None


def zip_members(blob: Blob, size: int) -> Iterator[Member]:
    """Yield the members in the directory's order. Raises: DecodeError behind the last that could be listed."""
    end = _find_end(blob, size)
    if end is None:
        yield from _without_directory(blob, size)
        raise DecodeError(Code.TRUNCATED, "truncated archive: its directory is missing")
    members, problem = collected(_directory(ReadAhead(blob), end))
    _check_overlap(members)
    yield from (member for member in members if not _is_folder(member))
    if problem:
        raise problem
    if (len(members) - end.members) % (_FULL_16 + 1) or _begins_unlisted(blob, members):
        raise DecodeError(Code.DAMAGED, "damaged archive: its directory does not list all that is in it")


def data_window(blob: Blob, member: Member) -> tuple[int, int]:
    """Return where a member's packed bytes begin, and how many they are. Raises: DecodeError where no header is."""
    header = blob.read(member.at, _LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(LOCAL):
        raise DecodeError(Code.DAMAGED, "damaged archive: no file where its directory says")
    *_, name, extra = _LOCAL_HEADER.unpack(header)
    return member.at + _LOCAL_HEADER.size + name + extra, member.packed


class _End(NamedTuple):
    """What the end record says of the directory."""

    begin: int
    length: int
    before: int  # bytes before the archive's own first
    members: int
    is_part: bool  # of an archive in several parts


def _find_end(blob: Blob, size: int) -> _End | None:
    """Return what the last end record says that leads to a directory; comments, too, may look like such a record.

    Raises: DecodeError for an archive in several parts.
    """
    start = max(0, size - _LONGEST_TAIL)
    tail = blob.read(start, size - start)
    places = [found.start() for found in re.finditer(re.escape(END), tail[: len(END) - _END_RECORD.size])]
    ends = [end for at in reversed(places) if (end := _end_at(blob, start + at, tail[at:])) is not None]
    leading = (end for end in ends if end.begin >= 0 and blob.read(end.begin, len(CENTRAL)) == CENTRAL)
    end = next(leading, ends[0] if ends else None)
    if end and end.is_part:
        raise DecodeError(Code.UNSUPPORTED_ARCHIVE, "one part of an archive in several parts")
    return end


def _end_at(blob: Blob, end: int, record: bytes) -> _End | None:
    _, disk, first_disk, _, count, length, offset, _ = _END_RECORD.unpack_from(record)
    is_part = disk not in (0, _FULL_16) or first_disk not in (0, _FULL_16)
    if count == _FULL_16 or _FULL_32 in (length, offset):
        end, count, length, offset = _zip64_end(blob, end, count, length, offset)
    begin = end - length
    return _End(begin, length, begin - offset, count, is_part) if is_part or 0 <= offset <= begin else None


def _zip64_end(blob: Blob, end: int, count: int, length: int, offset: int) -> tuple[int, int, int, int]:
    locator = blob.read(end - 20, 20) if end >= 20 else b""
    if not locator.startswith(END_64_LOCATOR):
        return end, count, length, offset
    at = end - 20 - _END_64_RECORD.size  # where it stands, whatever was put before the archive
    record = blob.read(at, _END_64_RECORD.size) if at >= 0 else b""
    if not record.startswith(END_64):
        return end, count, length, offset
    *_, count, length, offset = _END_64_RECORD.unpack(record)
    return at, count, length, offset


def _is_folder(member: Member) -> bool:
    return member.name.endswith("/") and not member.size


def _begins_unlisted(blob: Blob, members: list[Member]) -> bool:
    """Whether the first bytes are a file that the directory does not know, as where one archive was put behind another.

    A program that unpacks the archive may stand there.
    """
    return blob.read(0, len(LOCAL)) == LOCAL and all(member.at for member in members)


def _directory(blob: Blob, stated: _End) -> Iterator[Member]:
    """Yield every member, folders too. Raises: DecodeError where the directory is damaged from there on."""
    at, end, count = stated.begin, stated.begin + stated.length, 0
    while at < end:
        header = blob.read(at, _CENTRAL_HEADER.size)
        if len(header) < _CENTRAL_HEADER.size or not header.startswith(CENTRAL):
            raise DecodeError(Code.DAMAGED, "damaged archive: part of its directory is lost")
        fields = _CENTRAL_HEADER.unpack(header)
        texts = blob.read(at + len(header), sum(fields[10:13]))
        yield _member(fields, texts, stated.before)
        at += len(header) + sum(fields[10:13])
        count += 1
        if count > MAX_MEMBERS:
            raise too_many_members()


def _member(fields: tuple[int, ...], texts: bytes, before: int) -> Member:
    _, made_by, _, flags, method, _, _, crc, packed, size, name_length, extra_length, *_, attributes, offset = fields
    size, packed, offset = _wide(texts[name_length : name_length + extra_length], [size, packed, offset])
    member = Member(_text(texts[:name_length], flags), size, before + offset, packed, method, crc)
    if made_by >> 8 == _UNIX and stat.S_ISLNK(attributes >> 16):
        return replace(member, reason=LINK, code=Code.ARCHIVED_LINK)
    return _checked(flags, member)


def _wide(extra: bytes, narrow: list[int]) -> list[int]:
    """Replace the numbers that did not fit into 32 bits by those of the ZIP64 extra field."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            count = min(length, len(extra) - at - 4) // 8
            wide = iter(struct.unpack_from(f"<{count}Q", extra, at + 4))
            return [next(wide, number) if number == _FULL_32 else number for number in narrow]
        at += 4 + length
    return narrow


def _checked(flags: int, member: Member) -> Member:
    """Give a member that is not read its reason: it is encrypted, or packed in another way."""
    if flags & (_ENCRYPTED | _STRONG_ENCRYPTION):
        return replace(member, reason="encrypted in its archive", code=Code.ENCRYPTED)
    if member.method not in (STORED, DEFLATED):
        method = _METHODS.get(member.method, f"number {member.method}")
        reason = f"packed in its archive by a method that is not read here ({method})"
        return replace(member, reason=reason, code=Code.UNSUPPORTED_ARCHIVE)
    if member.method == STORED and member.size != member.packed:
        return replace(member, reason="damaged archive: sizes that contradict each other", code=Code.DAMAGED)
    return member


def _text(raw: bytes, flags: int) -> str:
    """Decode a name: as UTF-8 where it is, whether it says so or not, else as the code page of old ZIP archives."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("utf-8", "surrogateescape") if flags & _UTF8 else raw.decode("cp437")
    return (name.replace("\\", "/") if "/" not in name else name) or "unnamed"


def _check_overlap(members: list[Member]) -> None:
    """Raises: DecodeError where members share bytes: so one file of some megabytes becomes petabytes."""
    end = 0
    for member in sorted(members, key=lambda member: member.at):
        if member.at < end:
            raise LimitError(Code.INFLATES_TOO_FAR, "archive whose files overlap (an archive bomb)")
        end = member.at + _LOCAL_HEADER.size + member.packed


def _without_directory(blob: Blob, size: int) -> Iterator[Member]:
    """Yield members from the header before each, as long as they say where the next one is."""
    at, count = 0, 0
    while len(header := blob.read(at, _LOCAL_HEADER.size)) == _LOCAL_HEADER.size and header.startswith(LOCAL):
        _, _, flags, method, _, _, crc, packed, length, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        texts = blob.read(at + len(header), name_length + extra_length)
        length, packed, _ = _wide(texts[name_length:], [length, packed, 0])
        behind = at + len(header) + name_length + extra_length + packed
        count += 1
        if flags & _SIZES_BEHIND or behind > size or count > MAX_MEMBERS:
            return
        member = Member(_text(texts[:name_length], flags), length, at, packed, method, crc)
        if not _is_folder(member):
            yield _checked(flags, member)
        at = behind

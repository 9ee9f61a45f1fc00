"""Paths from a list, as other programs write it."""

import codecs
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from xrayscan.errors import Code, UsageError
from xrayscan.sources.address import LOCAL, scheme
from xrayscan.sources.credentials import without_credentials
from xrayscan.sources.source import Source

PATH_BYTES = 4096  # PATH_MAX of Linux: a NUL-separated list holds its first NUL within so many bytes
CHUNK_BYTES = 1 << 16
LONGEST_NAME = 1 << 17  # far beyond what any system takes
BYTE_ORDER_MARKS = (  # UTF-32's first: it begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, ""),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
FEWEST_ASCII = 0.5  # of the characters of paths in UTF-16, each of which holds a NUL on the same side
PATH_SIGNS = frozenset("\n./\\")  # one of them stands in every list of paths, but not in a list of single letters
QUOTES = "\"'"
# How files begin that are given for a list by mistake: films, archives and workbooks, PDF, the store of a scan.
NO_LISTS = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"PK\x03\x04", b"\x1f\x8b", b"%PDF-", b"SQLite format 3")
TOO_BROAD = "a whole file system, drive or home folder in a list: give it as an argument if that is meant"


def read_list(stream: BinaryIO) -> Iterator[str | Source]:
    """Read path names, as they arrive, from a list separated by NUL bytes or else by newlines (also CRLF).

    Bytes are taken as they are, unless a byte order mark or the pattern of NULs tells UTF-16 or UTF-32, as PowerShell
    writes. Empty names are skipped. Quotes around a name and blanks behind it belong to it if there is such a path, and
    are taken off if there is not. A root, a drive or the user's home in a list comes from a mistake in making it, so it
    is not walked through, but yields a source with that reason.
    Raises: UsageError for what is no list, such as a film.
    """
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)  # read1 returns what a pipe holds by now
    head = b""
    while _undecided(head) and (chunk := read(CHUNK_BYTES)):
        head += chunk
    if head.startswith(NO_LISTS) or head[128:132] == b"DICM":
        raise UsageError("--files-from: this file is no list of paths; give films themselves as arguments")
    mark, encoding = _encoding(head)
    pieces = _pieces(head[len(mark) :], read)
    texts = _decoded(pieces, encoding) if encoding else pieces
    separator = b"\0" if not encoding and b"\0" in head else b"\n"
    for name in _names(texts, separator):
        yield _checked(_existing(os.fsdecode(name)))


def fingerprint(paths: Iterable[str]) -> str:
    """Equal for the same paths, whatever their order and however they are written: SHA-256 in hexadecimal."""
    absolute = sorted({os.fsencode(_absolute(path)) for path in paths})
    return hashlib.sha256(b"\0".join(absolute)).hexdigest()


def _absolute(path: str) -> str:
    return os.path.abspath(path) if scheme(path) == LOCAL else without_credentials(path)


def _undecided(head: bytes) -> bool:
    """Whether more of the list is needed to tell NULs between names from those within characters."""
    if len(head) < 4:
        return True
    return len(head) <= PATH_BYTES and (b"\0" not in head or (bool(_wide(head)) and not any(_encoding(head))))


def _encoding(head: bytes) -> tuple[bytes, str]:
    """Return the byte order mark, and the encoding where it is one of two or four bytes a character."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return mark, encoding
    encoding, characters = _wide(head) or ("", "")
    return b"", encoding if PATH_SIGNS & set(characters) else ""


def _wide(head: bytes) -> tuple[str, str] | None:
    """Return the form of UTF-16 that the bytes may be in, and their characters but for the high bytes."""
    first, second = head[:PATH_BYTES:2], head[1:PATH_BYTES:2]
    for encoding, high, low in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if high.count(0) > FEWEST_ASCII * len(high) and 0 not in low:
            return encoding, low.decode("latin-1")
    return None


def _pieces(first: bytes, read: Callable[[int], bytes]) -> Iterator[bytes]:
    yield first
    while chunk := read(CHUNK_BYTES):
        yield chunk


def _decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The same text as the file system's bytes, newlines for the NULs that no name holds."""
    decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
    for piece in pieces:
        yield os.fsencode(decoder.decode(piece).replace("\0", "\n"))


def _names(pieces: Iterable[bytes], separator: bytes) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *names, rest = (rest + piece).split(separator)
        if len(rest) > LONGEST_NAME:
            raise UsageError(f"--files-from: a name of more than {LONGEST_NAME:,} bytes: is this a list of paths?")
        yield from filter(None, map(_without_return, names) if separator == b"\n" else names)
    if last := _without_return(rest) if separator == b"\n" else rest:
        yield last


def _without_return(name: bytes) -> bytes:
    return name.removesuffix(b"\r")


def _existing(name: str) -> str:
    """Return the name, without quotes and blanks around it where only then there is such a path or an address."""
    stripped = name.strip()
    quoted = len(stripped) > 2 and stripped[0] == stripped[-1] and stripped[0] in QUOTES
    others = [other for other in (name.rstrip(), stripped, stripped[1:-1] if quoted else "") if other not in ("", name)]
    if not others or os.path.lexists(name):
        return name
    return next((other for other in others if os.path.lexists(other) or scheme(other) != LOCAL), name)


def _checked(name: str) -> str | Source:
    path = os.path.abspath(name)
    if scheme(name) != LOCAL:
        return name
    if _is_too_broad(os.path.realpath(path) if os.path.islink(path) else path):
        return Source(name, path, reason=TOO_BROAD, code=Code.TOO_BROAD)
    return name


def _is_too_broad(folder: str) -> bool:
    """Whether a folder is a root or a drive, is the user's home folder, or holds it."""
    home = os.path.join(os.path.realpath(os.path.expanduser("~")), "")
    return folder == os.path.dirname(folder) or home.startswith(os.path.join(folder, ""))

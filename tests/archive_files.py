"""Archives made in the test: sound ones, and those that lie, break off or unfold without end."""

import gzip
import io
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterable

Files = Iterable[tuple[str, bytes]]
CENTRAL = b"PK\x01\x02"


def zipped(files: Files, *, packed: bool = True, comment: bytes = b"") -> bytes:
    """A ZIP archive; names may repeat."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        archive.comment = comment
        for name, data in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(entry, data)
    return out.getvalue()


def tarred(files: Files, **entry: object) -> bytes:
    """A tar archive; ``entry`` sets fields of every header, such as ``type`` and ``linkname``."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in files:
            header = tarfile.TarInfo(name)
            header.size = len(data)
            for field, value in entry.items():
                setattr(header, field, value)
            archive.addfile(header, io.BytesIO(data))
    return out.getvalue()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def with_directory(data: bytes, at: int, value: bytes, *, member: int = 0) -> bytes:
    """The ZIP with bytes ``at`` this place of a member's entry in the directory replaced."""
    changed, start = bytearray(data), -1
    for _ in range(member + 1):
        start = data.index(CENTRAL, start + 1)
    changed[start + at : start + at + len(value)] = value
    return bytes(changed)


def encrypted(data: bytes, member: int = 0) -> bytes:
    """The ZIP with one member flagged as encrypted."""
    return with_directory(data, 8, b"\x01\x00", member=member)


def overlapping(copies: int = 200, size: int = 1 << 20) -> bytes:
    """A ZIP whose directory lists the same packed zeros many times."""
    single = zipped([("a.png", bytes(size))])
    start, end = single.index(CENTRAL), single.index(b"PK\x05\x06")
    entry = single[start:end]
    directory = b"".join(entry.replace(b"a.png", b"%c%c.pn" % (97 + n // 26, 97 + n % 26)) for n in range(copies))
    finish = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, copies, copies, len(directory), start, 0)
    return single[:start] + directory + finish


def unfolding(megabytes: int = 400) -> bytes:
    """A ZIP of some 400 kB whose one member is zeros without end."""
    packer = zlib.compressobj(9, wbits=-15)
    packed, crc, block = [], 0, bytes(1 << 20)
    for _ in range(megabytes):
        packed.append(packer.compress(block))
        crc = zlib.crc32(block, crc)
    data, name, size = b"".join(packed) + packer.flush(), b"zeros.dcm", megabytes << 20
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(data), size, len(name), 0) + name
    entry = struct.pack("<4s6H3L5H2L", CENTRAL, 20, 20, 0, 8, 0, 33, crc, len(data), size, len(name), 0, 0, 0, 0, 0, 0)
    at = len(local) + len(data)
    finish = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) + len(name), at, 0)
    return local + data + entry + name + finish


def nested(depth: int, innermost: bytes, name: str = "film.png") -> bytes:
    """A file within so many ZIP archives."""
    for level in range(depth):
        innermost, name = zipped([(name, innermost)]), f"level-{level}.zip"
    return innermost

"""Archives and gzip files. What an archive yields beside itself are sources of their own: ``inside`` names them."""

from dataclasses import dataclass

import films
from archive_files import encrypted, gzipped, nested, overlapping, tarred, unfolding, with_directory, zipped

from faults.fault import BROKEN, Fault, broken, sound
from xrayscan.errors import Code

PNG, DICOM = films.png(), films.dicom()
FILMS = [("a.png", PNG), ("ward/b.dcm", DICOM)]
READ: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Container:
    """``inside``: name of each source below it → its codes; ``codes``: of a record of the archive itself, if any."""

    name: str
    data: bytes
    inside: dict[str, tuple[Code, ...]]
    codes: tuple[Code, ...] = ()


def gzips() -> list[Fault]:
    packed = gzipped(DICOM)
    return [
        sound("film.dcm.gz", packed),
        sound("film.png.gz", gzipped(PNG)),
        *(broken(f"cut-{n}.dcm.gz", packed[: len(packed) * n // 10]) for n in (5, 9)),
        broken("wrong-checksum.dcm.gz", packed[:-6] + b"\0\0" + packed[-4:]),
        broken("bomb.dcm.gz", gzipped(bytes(128) + b"DICM" + bytes(600 << 20)), Code.INFLATES_TOO_FAR, *BROKEN),
        broken("text.txt.gz", gzipped(b"to do"), Code.NOT_AN_IMAGE),
    ]


def archives() -> list[Container]:
    zip_, tar = zipped(FILMS), tarred(FILMS)
    both = {"a.png": READ, "ward/b.dcm": READ}
    directory = zip_.index(b"PK\x01\x02")
    damaged = bytearray(zipped(FILMS, packed=False))
    damaged[damaged.index(PNG) + 40] ^= 1
    half = zip_[: zip_.rindex(b"PK\x01\x02")] + b"XX" + zip_[zip_.rindex(b"PK\x01\x02") + 2 :]
    header = tar.index(b"ward/b.dcm")
    unfold = zipped([("a.png", PNG), ("bomb.zip", overlapping())], packed=False)
    return [
        Container("sound.zip", zip_, both),
        Container("sound.tar", tar, both),
        Container("sound.tar.gz", gzipped(tar), both),
        Container("sound.tgz", gzipped(tar), both),
        Container("sound-called.tar", zip_, both),
        Container("inner.zip", zipped([("in.tar", tar)]), {f"in.tar!/{name}": READ for name in both}),
        Container(
            "escape.zip", zipped([("../../a.png", PNG), ("/etc/b.dcm", DICOM)]), {"a.png": READ, "etc/b.dcm": READ}
        ),
        Container("twice.zip", zipped([("a.png", PNG), ("a.png", PNG)]), {"a.png": READ, "a (2).png": READ}),
        Container(
            "mixed.zip",
            zipped([("a.png", PNG), ("a.txt", b"x"), (".b.png", PNG)]),
            {"a.png": READ, "a.txt": (Code.NOT_AN_IMAGE,), ".b.png": (Code.HIDDEN,)},
        ),
        Container("encrypted.zip", encrypted(zip_), {"a.png": (Code.ENCRYPTED,), "ward/b.dcm": READ}),
        Container(
            "deflate64.zip",
            with_directory(zip_, 10, b"\x09\0"),
            {"a.png": (Code.UNSUPPORTED_ARCHIVE,), "ward/b.dcm": READ},
        ),
        Container("longer.zip", with_directory(zip_, 24, b"\x10\0\0\0"), {"a.png": BROKEN, "ward/b.dcm": READ}),
        Container("flipped.zip", bytes(damaged), {"a.png": BROKEN, "ward/b.dcm": READ}),
        Container("no-directory.zip", zip_[:directory], both, (Code.TRUNCATED,)),
        Container("half-directory.zip", half, {"a.png": READ}, (Code.DAMAGED,)),
        Container("cut.tar", tar[: header + 600], {"a.png": READ, "ward/b.dcm": BROKEN}, (Code.TRUNCATED,)),
        Container("hole.tar", tar[:header] + bytes(512) + tar[header + 512 :], {"a.png": READ}, (Code.DAMAGED,)),
        Container("cut.tgz", gzipped(tar)[:-2000], {"a.png": READ, "ward/b.dcm": BROKEN}, (Code.TRUNCATED,)),
        Container("flipped.tgz", gzipped(tar)[:-6] + b"\0\0" + gzipped(tar)[-4:], {}, (Code.DAMAGED,)),
        Container("overlapping.zip", overlapping(), {}, (Code.INFLATES_TOO_FAR,)),
        Container("unfolding.zip", unfolding(), {}, (Code.INFLATES_TOO_FAR,)),
        Container("unfolding.tgz", gzipped(tarred([("a.dcm", bytes(300 << 20))])), {}, (Code.INFLATES_TOO_FAR,)),
        Container("bomb-within.zip", unfold, {"a.png": READ, "bomb.zip": (Code.INFLATES_TOO_FAR,)}),
        Container("deep.zip", nested(4, PNG), {"level-2.zip!/level-1.zip!/level-0.zip": (Code.ARCHIVE_TOO_LARGE,)}),
        Container("empty.zip", zipped([]), {}, (Code.NOT_AN_IMAGE,)),
        Container("empty.tar", tarred([]), {}, (Code.NOT_AN_IMAGE,)),
        Container("text.zip", b"to do", {}, (Code.MISNAMED,)),
        Container("nothing.tgz", b"", {}, (Code.EMPTY,)),
        Container("other.7z", b"7z\xbc\xaf\x27\x1c", {}, (Code.UNSUPPORTED_ARCHIVE,)),
        Container("other.tar.xz", b"\xfd7zXZ\0", {}, (Code.UNSUPPORTED_ARCHIVE,)),
        Container("film.dcm.bz2", b"BZh9", {}, (Code.UNSUPPORTED_ARCHIVE,)),
        Container("backup.log.xz", b"\xfd7zXZ\0", {}, (Code.NOT_AN_IMAGE,)),
        Container("cd.iso", bytes(32769) + b"CD001", {}, (Code.UNSUPPORTED_ARCHIVE,)),
        Container("cd.zip.001", zip_[:500], {}, (Code.UNSUPPORTED_ARCHIVE,)),
        Container("letter.docx", zip_, {}, (Code.NOT_AN_IMAGE,)),
    ]

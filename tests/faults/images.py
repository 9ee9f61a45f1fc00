"""JPEG, PNG, TIFF, BMP and PGM."""

import io
import struct
import zlib

import films
import numpy as np
from jpeg_encoders import extended_jpeg, lossless_jpeg
from PIL import Image

from faults.fault import BROKEN, Fault, broken, chunk, cuts, holes, raw_png, sound
from xrayscan.errors import Code

EOI = b"\xff\xd9"
JPEG = films.jpeg(films.film(160, 120))
PROGRESSIVE = films.jpeg(films.film(160, 120), progressive=True)
PNG = films.png()
TIFF = films.tiff()
BMP = films.bmp()
PGM = b"P5 60 72 255\n" + films.film().tobytes()
ROWS = b"".join(b"\0" + row.tobytes() for row in films.film(72, 60))
PACKED = zlib.compress(ROWS)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def with_size(data: bytes, rows: int, columns: int) -> bytes:
    """The JPEG with another size in its frame header."""
    at = next(data.index(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data)
    return data[: at + 5] + struct.pack(">HH", rows, columns) + data[at + 9 :]


def jpegs() -> list[Fault]:
    start = JPEG.index(b"\xff\xda")
    return [
        *cuts("jpeg-cut.jpg", JPEG, (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)),
        *cuts("jpeg-cut-closed.jpg", JPEG, (0.5, 0.7, 0.9), EOI),
        *cuts("progressive-cut.jpg", PROGRESSIVE, (0.3, 0.6, 0.95)),
        *cuts("progressive-cut-closed.jpg", PROGRESSIVE, (0.5, 0.8), EOI),
        *holes("jpeg-hole.jpg", JPEG),
        *holes("jpeg-noise.jpg", JPEG, lambda size: np.random.default_rng(1).bytes(size)),
        *holes("jpeg-ones.jpg", JPEG, lambda size: b"\xff" * size),
        *holes("progressive-hole.jpg", PROGRESSIVE),
        broken("jpeg-start-only.jpg", b"\xff\xd8\xff"),
        broken("jpeg-start-and-end.jpg", b"\xff\xd8" + EOI, *BROKEN, Code.MISNAMED),
        broken("jpeg-without-scan.jpg", JPEG[:start] + EOI),
        broken("jpeg-of-no-rows.jpg", with_size(JPEG, 0, 120), *BROKEN, Code.ZERO_SIZE),
        broken("jpeg-of-no-columns.jpg", with_size(JPEG, 160, 0), *BROKEN, Code.ZERO_SIZE),
        broken("jpeg-too-large.jpg", with_size(JPEG, 65500, 65500), Code.TOO_MANY_PIXELS),
        broken("jpeg-taller-than-it-is.jpg", with_size(JPEG, 320, 120)),
        broken("jpeg-lossless.jpg", lossless_jpeg(films.film(40, 40, bits=12), 12), Code.UNSUPPORTED_ENCODING),
        broken("jpeg-12-bit.jpg", extended_jpeg(films.film(40, 40, bits=12)), Code.UNSUPPORTED_ENCODING),
        sound("jpeg-padded.jpg", JPEG + bytes(100)),
        sound("jpeg-twice.jpg", JPEG + JPEG),
        sound("jpeg-cmyk.jpg", saved(Image.fromarray(films.film()).convert("CMYK"), "JPEG")),
        sound("jpeg-with-restarts.jpg", films.jpeg(films.film(160, 120), restart_marker_rows=1)),
    ]


def pngs() -> list[Fault]:
    end = PNG.rindex(b"IEND") - 4
    damaged = bytearray(PNG)
    damaged[PNG.index(b"IDAT") + 200] ^= 4
    endless = zlib.compress(bytes(60 << 20), 9)
    return [
        *cuts("png-cut.png", PNG, (0.02, 0.3, 0.6, 0.9, 0.99)),
        broken("png-without-end.png", PNG[:end]),
        broken("png-wrong-checksum.png", bytes(damaged)),
        broken("png-signature-only.png", PNG[:8]),
        broken("png-without-pixels.png", PNG[:33] + chunk(b"IEND", b"")),
        broken("png-of-no-rows.png", raw_png(60, 0, 8, 0, PACKED), *BROKEN, Code.ZERO_SIZE),
        broken("png-of-no-columns.png", raw_png(0, 72, 8, 0, PACKED), *BROKEN, Code.ZERO_SIZE),
        broken("png-rows-missing.png", raw_png(60, 72, 8, 0, zlib.compress(ROWS[:-61]))),
        broken("png-one-byte-missing.png", raw_png(60, 72, 8, 0, zlib.compress(ROWS[:-1]))),
        broken("png-wrong-filter.png", raw_png(60, 72, 8, 0, zlib.compress(b"\x09" + ROWS[1:]))),
        broken("png-wrong-colour.png", raw_png(60, 72, 8, 5, PACKED)),
        broken("png-wrong-depth.png", raw_png(60, 72, 3, 0, PACKED)),
        broken("png-not-deflated.png", raw_png(60, 72, 8, 0, b"\x78\x9c" + bytes(200))),
        broken("png-too-large.png", raw_png(20_000, 20_000, 1, 0, PACKED), Code.TOO_MANY_PIXELS),
        broken("png-bomb.png", raw_png(9_999, 9_999, 16, 6, endless), *BROKEN, Code.INFLATES_TOO_FAR),
        broken(
            "png-moving.png",
            raw_png(60, 72, 8, 0, PACKED, before=chunk(b"acTL", struct.pack(">II", 2, 0))),
            Code.MULTI_PAGE,
        ),
        sound("png-16-bit.png", films.png(films.film(bits=16))),
        sound("png-palette.png", films.png(mode="P")),
        sound("png-text-bomb.png", raw_png(60, 72, 8, 0, PACKED, before=chunk(b"zTXt", b"a\0\0" + endless))),
    ]


def tiffs() -> list[Fault]:
    loop = bytearray(TIFF)
    at = struct.unpack_from("<I", loop, 4)[0]
    count = struct.unpack_from("<H", loop, at)[0]
    struct.pack_into("<I", loop, at + 2 + 12 * count, at)
    two = saved(Image.fromarray(films.film()), "TIFF", save_all=True, append_images=[Image.fromarray(films.film())])
    return [
        *cuts("tiff-cut.tif", TIFF, (0.3, 0.6, 0.9)),
        *cuts("tiff-lzw-cut.tif", films.tiff(compression="tiff_lzw"), (0.3, 0.7)),
        *cuts("tiff-jpeg-cut.tif", films.tiff(compression="jpeg"), (0.4, 0.8)),
        broken("tiff-header-only.tif", b"II*\0\x08\0\0\0"),
        broken("tiff-far-directory.tif", b"II*\0\xff\xff\xff\x7f" + bytes(100)),
        broken("tiff-of-zeros.tif", b"II*\0\x08\0\0\0" + bytes(1000), *BROKEN, Code.UNSUPPORTED_VALUES),
        broken("tiff-two-pages.tif", two, Code.MULTI_PAGE),
        broken(
            "tiff-float.tif", saved(Image.fromarray(films.film().astype(np.float32)), "TIFF"), Code.UNSUPPORTED_VALUES
        ),
        broken("tiff-big.tif", b"II+\0\x08\0\0\0" + bytes(64), Code.TRUNCATED),
        sound("tiff-loop.tif", bytes(loop)),
        sound("tiff-16-bit.tif", films.tiff(films.film(bits=16))),
    ]


def bmps() -> list[Fault]:
    def changed(at: int, value: int, size: int = 4) -> bytes:
        return BMP[:at] + value.to_bytes(size, "little", signed=value < 0) + BMP[at + size :]

    return [
        *cuts("bmp-cut.bmp", BMP, (0.3, 0.6, 0.95)),
        broken("bmp-of-no-columns.bmp", changed(18, 0), *BROKEN, Code.ZERO_SIZE),
        broken("bmp-too-large.bmp", changed(18, 1 << 30), *BROKEN, Code.TOO_MANY_PIXELS),
        broken("bmp-compressed.bmp", changed(30, 1), Code.UNSUPPORTED_ENCODING, *BROKEN),
        broken("bmp-depth.bmp", changed(28, 7, 2), *BROKEN, Code.UNSUPPORTED_VALUES),
        broken("bmp-far-pixels.bmp", changed(10, 1 << 30)),
        sound("bmp-top-down.bmp", changed(22, -72)),
    ]


def pgms() -> list[Fault]:
    return [
        *cuts("pgm-cut.pgm", PGM, (0.3, 0.9)),
        broken("pgm-too-large.pgm", b"P5 99999 99999 255\n" + bytes(100), Code.TOO_MANY_PIXELS),
        broken("pgm-two.pgm", PGM + PGM, Code.MULTI_PAGE),
        sound("pgm.pgm", PGM),
    ]


def foreign() -> list[Fault]:
    """Formats that are not read, and what is no image at all."""
    held = {
        "gif": b"GIF89a" + bytes(50),
        "webp": b"RIFF\x32\0\0\0WEBPVP8 " + bytes(40),
        "jp2": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(40),
        "j2k": b"\xff\x4f\xff\x51" + bytes(40),
        "jxl": b"\xff\x0a" + bytes(40),
        "heic": b"\0\0\0\x18ftypheic" + bytes(40),
        "avif": b"\0\0\0\x18ftypavif" + bytes(40),
    }
    return [
        *(broken(f"foreign.{name}", data, Code.UNSUPPORTED_FORMAT) for name, data in held.items()),
        *(broken(f"empty.{name}", b"", Code.EMPTY) for name in ("jpg", "png", "tif", "bmp", "dcm", "pgm")),
        *(broken(f"text.{name}", b"to do", Code.MISNAMED) for name in ("jpg", "png", "tif", "bmp", "dcm")),
        broken("html.jpg", b"<!DOCTYPE html><title>404</title>", Code.MISNAMED),
        broken("pdf.png", b"%PDF-1.7\n" + bytes(50), Code.UNSUPPORTED_FORMAT),
        broken("zeros.dcm", bytes(10_000), Code.MISNAMED),
        broken("letter.txt", b"to do", Code.NOT_AN_IMAGE),
        broken("report.pdf", b"%PDF-1.7\n", Code.UNSUPPORTED_FORMAT),
        broken("table.csv", b"path,label\n", Code.NOT_AN_IMAGE),
        broken("nothing", b"", Code.NOT_AN_IMAGE),
        sound("jpeg-called.png", JPEG),
        sound("png-called.dcm", PNG),
        sound("dicom-without-extension", films.dicom()),
    ]

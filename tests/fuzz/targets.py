"""What is fuzzed, from which sound inputs, and what must hold whatever comes in."""

import contextlib
import functools
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import films
import numpy as np
from archive_files import encrypted, gzipped, nested, tarred, zipped
from PIL import Image
from small import make_model

from fuzz.mutate import case, with_checksums
from xrayscan import load_model, load_predictor
from xrayscan.dataset.label_csv import read_lines
from xrayscan.decode import Limits, decode
from xrayscan.errors import DecodeError, InputError, ModelError, XrayscanError
from xrayscan.model.backend import Placement
from xrayscan.sources.folders import discover
from xrayscan.sources.reading import read_file

LIMITS = Limits(max_file_bytes=4 << 20, max_pixels=4_000_000, max_inflated_bytes=64 << 20)  # so that a case is quick
SYNTAXES = (*films.NATIVE, *films.LOSSLESS, *films.LOSSY_16)


@dataclass(frozen=True)
class Target:
    """``accepts`` returns whether the input was taken, and raises where a promise does not hold."""

    seeds: Callable[[], Sequence[bytes]]
    accepts: Callable[[bytes], bool]
    words: tuple[bytes, ...] = ()
    finish: Callable[[random.Random, bytes], bytes] = lambda draw, data: data

    def case(self, seeds: Sequence[bytes], seed: int, number: int) -> bytes:
        """The input of this number."""
        return self.finish(random.Random(f"{seed}/{number}/finish"), case(seeds, seed, number, self.words))


def _decodes(data: bytes) -> bool:
    try:
        film = decode(data, at_least=24, limits=LIMITS)
    except DecodeError as error:
        return _refused(error)
    brightness = film.brightness
    assert (brightness.dtype, brightness.ndim) == (np.float32, 2), (brightness.dtype, brightness.shape)
    assert 1 <= brightness.shape[0] <= film.facts.rows, brightness.shape
    assert 1 <= brightness.shape[1] <= film.facts.columns, brightness.shape
    assert np.isfinite(brightness).all()
    assert brightness.min() >= 0, brightness.min()
    assert brightness.max() <= 1, brightness.max()
    return True


def _refused(error: XrayscanError) -> bool:
    """A refusal is one line of words, as long as one can read."""
    assert 0 < len(str(error)) < 400, str(error)
    assert "\n" not in str(error), str(error)
    return False


def _walks(data: bytes) -> bool:
    """Both names make the content decide; every file found has a path of its own, and is read or refused."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = os.path.join(folder, "a.zip")
        Path(path).write_bytes(data)
        sources = list(discover([path]))
        assert sources
        assert len({source.path for source in sources}) == len(sources)
        read = sum(map(_is_read, (source.path for source in sources if source.reason is None)))
        assert os.listdir(folder) == ["a.zip"]
    return read > 0


def _is_read(path: str) -> bool:
    try:
        read_file(path)
    except DecodeError:
        return False
    return True


@contextlib.contextmanager
def _written(data: bytes, suffix: str) -> Iterator[str]:
    """The path of a file with these bytes."""
    with tempfile.NamedTemporaryFile(dir=_memory(), suffix=suffix) as file:
        file.write(data)
        file.flush()
        yield file.name


def _loads(data: bytes) -> bool:
    with _written(data, ".safetensors") as path:
        try:
            predictor = load_predictor(load_model(path), Placement())
            logits = predictor.predict(np.zeros((1, 32, 32), np.uint8)) if predictor else None
        except ModelError as error:
            return _refused(error)
    assert logits is not None
    assert logits.shape == (1,)
    return True


def _labels(data: bytes) -> bool:
    with _written(data, ".csv") as path:
        try:
            lines = read_lines(path)
        except InputError as error:
            return _refused(error)
    assert all(line.path for line in lines)
    return True


def _jpegs() -> list[bytes]:
    grey, colour = films.film(80, 64), np.dstack([films.film(80, 64)] * 3)
    kinds = [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}]
    exif = Image.Exif()
    exif[0x0112] = 6
    return [films.jpeg(picture, **kind) for picture in (grey, colour) for kind in kinds] + [films.jpeg(grey, exif=exif)]


def _pngs() -> list[bytes]:
    modes = [films.png(films.film(40, 32), mode) for mode in (None, "RGB", "RGBA", "LA", "P", "1")]
    return [*modes, films.png(films.film(40, 32, bits=16)), films.png(films.film(40, 32), compress_level=0)]


def _tiffs() -> list[bytes]:
    kinds = ("raw", "tiff_lzw", "jpeg", "packbits", "tiff_adobe_deflate", "group4")
    grey = [films.tiff(films.film(40, 32), compression=kind) for kind in kinds[:-1]]
    return [*grey, films.tiff(films.film(40, 32, bits=16)), films.tiff(np.dstack([films.film(40, 32)] * 3))]


def _bmps() -> list[bytes]:
    return [films.bmp(films.film(40, 32)), films.bmp(np.dstack([films.film(40, 32)] * 3))]


def _dicoms() -> list[bytes]:
    small = films.film(40, 36, bits=12)
    plain = [films.dicom(small, syntax) for syntax in SYNTAXES]
    windowed = films.dicom(small, WindowCenter=2048, WindowWidth=4096, RescaleSlope=1, RescaleIntercept=-1024)
    inverted = films.dicom(small, PhotometricInterpretation="MONOCHROME1")
    return [*plain, windowed, inverted, films.dicom(films.film(40, 36), bits=8), films.dicom(small, preamble=False)]


def _archives() -> list[bytes]:
    files = [("ward/a.png", films.png(films.film(10, 8))), ("b.dcm", b"two" * 50), ("é/c.txt", b"three")]
    tar = tarred([*files, ("x" * 150, b"long")])
    inner = [("in.zip", zipped(files)), ("in.tar", tar), ("in.tgz", gzipped(tar))]
    return [
        zipped(files),
        zipped(files, packed=False),
        tar,
        gzipped(tar),
        zipped(inner, packed=False),
        tarred(inner),
        encrypted(zipped(files)),
        nested(3, b"film"),
        zipped([]),
    ]


def _models() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return [make_model(Path(folder) / f"{seed}.safetensors", seed=seed).read_bytes() for seed in (0, 1)]


def _right_length(draw: random.Random, data: bytes) -> bytes:
    """A safetensors file whose header is as long as it says, mostly: else no mutation would come far."""
    end = data.find(b"}}") if draw.random() < 0.5 else data.rfind(b"}}", 0, 1 << 16)
    return (end + 2 - 8).to_bytes(8, "little") + data[8:] if end > 8 and draw.random() < 0.75 else data


def _label_files() -> list[bytes]:
    plain = 'path,label,patient,split\na.png,NORMAL,p1,train\n"b,""c.png",PNEUMONIA,p2,test\n'
    return [
        plain.encode(),
        plain.replace(",", ";").encode("utf-8-sig"),
        plain.encode("utf-16"),
        "label\tpath\r\nNORMAL\tä.png\r\n".encode("latin-1"),
    ]


@functools.cache
def _memory() -> str | None:
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


MARKERS = tuple(bytes((0xFF, code)) for code in b"\xc0\xc1\xc2\xc4\xd0\xd8\xd9\xda\xdb\xdd\xe1\xee")
CHUNKS = (b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"eXIf", b"iCCP", b"zTXt")
ELEMENTS = (  # tags, little-endian: of the picture, its window and its frames
    *(b"\x28\x00\x02\x00", b"\x28\x00\x08\x00", b"\x28\x00\x10\x00", b"\x28\x00\x11\x00", b"\x28\x00\x00\x01"),
    *(b"\x28\x00\x01\x01", b"\x28\x00\x03\x01", b"\x28\x00\x50\x10", b"\x28\x00\x10\x30", b"\xe0\x7f\x10\x00"),
    *(b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0", b"\x02\x00\x10\x00"),
)
VRS = (b"US", b"OW", b"OB", b"SQ", b"UN", b"DS", b"UI", b"UT", b"\xff\xff\xff\xff")
RECORDS = (
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"ustar\x0000",
    b"ustar  \x00",
    b"\x1f\x8b\x08",
    b"../",
    b"!/",
    b".zip",
    b".tar",
)
JSON_WORDS = (b"null", b"[", b"]", b"{", b"}", b'"', b"NaN", b"1e999", b"\\u0000", b'"F32"', b'"I64"', b'"threshold"')
CELLS = (b",", b";", b"\t", b'"', b"\n", b"\r\n", b"\0", b"train", b"path", b"label", b"\xff\xfe", b"\xef\xbb\xbf")

TARGETS = {
    "jpeg": Target(_jpegs, _decodes, MARKERS),
    "png": Target(_pngs, _decodes, CHUNKS, with_checksums),
    "tiff": Target(_tiffs, _decodes),
    "bmp": Target(_bmps, _decodes),
    "dicom": Target(_dicoms, _decodes, (*ELEMENTS, *VRS)),
    "archives": Target(_archives, _walks, RECORDS),
    "models": Target(_models, _loads, JSON_WORDS, _right_length),
    "labels": Target(_label_files, _labels, CELLS),
}

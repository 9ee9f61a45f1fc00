"""What no decoder may ever do, whatever the file: brightness outside [0, 1], NaN, a picture of another size."""

import functools
import gzip
import io
import struct

import numpy as np
import pytest
from films import LOSSLESS, LOSSY_16, NATIVE, bmp, compressed, dicom, film, jpeg, png, tiff
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import JPEGBaseline8Bit

from xrayscan.decode import BUILT_IN, decode
from xrayscan.decode.flags import Flag
from xrayscan.errors import DecodeError

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SIZE = (36, 32)
PICTURES = {kind: film(*SIZE, bits=12 if kind == "deep" else 8) for kind in ("plain", "deep")}
SOUND = {
    "JPEG": jpeg(PICTURES["plain"]),
    "progressive JPEG": jpeg(PICTURES["plain"], progressive=True),
    "PNG": png(PICTURES["plain"]),
    "16-bit PNG": png(PICTURES["deep"]),
    "RGBA PNG": png(np.dstack([PICTURES["plain"]] * 4)),
    "TIFF": tiff(PICTURES["deep"]),
    "LZW TIFF": tiff(PICTURES["plain"], compression="tiff_lzw"),
    "BMP": bmp(PICTURES["plain"]),
    "PGM": b"P5 32 36 4095\n" + PICTURES["deep"].astype(">u2").tobytes(),
    "PPM": b"P6 32 36 255\n" + np.dstack([PICTURES["plain"]] * 3).tobytes(),
    "gzip": gzip.compress(png(PICTURES["plain"])),
    **{f"DICOM {syntax}": dicom(PICTURES["deep"], syntax) for syntax in (*NATIVE, *LOSSLESS, *LOSSY_16)},
    "DICOM baseline": dicom(PICTURES["plain"], JPEGBaseline8Bit, bits=8),
}
NUMBERS = st.sampled_from([0, 1, -1, 0.5, 2, 40, 400, 2048, 4096, 65535, -32768, 1e-9, 1e9, -1e12])
HEADER = st.fixed_dictionaries(
    {},
    optional={
        "BitsStored": st.integers(0, 17),
        "HighBit": st.integers(0, 16),
        "BitsAllocated": st.sampled_from([0, 1, 8, 12, 16, 32]),
        "PixelRepresentation": st.integers(0, 2),
        "SamplesPerPixel": st.integers(0, 4),
        "PlanarConfiguration": st.integers(0, 2),
        "PhotometricInterpretation": st.sampled_from(
            ["MONOCHROME1", "monochrome2", "RGB", "YBR_FULL", "YBR_FULL_422", "PALETTE COLOR", "", "HSV"]
        ),
        "PresentationLUTShape": st.sampled_from(["INVERSE", "IDENTITY", "odd"]),
        "WindowCenter": st.lists(NUMBERS, max_size=3),
        "WindowWidth": st.lists(NUMBERS, max_size=3),
        "VOILUTFunction": st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID", "odd"]),
        "RescaleSlope": NUMBERS,
        "RescaleIntercept": NUMBERS,
        "PixelPaddingValue": st.integers(0, 65535),
        "PixelPaddingRangeLimit": st.integers(0, 65535),
        "PatientOrientation": st.lists(st.sampled_from(["L", "R", "H", "F", "A", "P", ""]), min_size=2, max_size=2),
        "FieldOfViewRotation": st.sampled_from([0, 90, 180, 270, 45]),
        "FieldOfViewHorizontalFlip": st.sampled_from(["YES", "NO"]),
    },
)


def tables():
    """A VOI LUT whose descriptor and data need not fit each other."""

    def item(count, first, bits, data):
        found = Dataset()
        found.add_new(0x00283002, "US", [count, first, bits])
        found.add_new(0x00283006, "OW", data)
        return found

    return st.builds(item, st.integers(0, 300), st.integers(0, 65535), st.integers(0, 17), st.binary(max_size=600))


@functools.cache
def coded(syntax, bits):
    """A picture and its codestream, which takes longest to make."""
    picture = film(*SIZE, bits=bits)
    return picture, None if syntax in NATIVE else compressed(picture, syntax, bits)


def keeps_its_promise(data):
    try:
        radiograph = decode(data, at_least=8)
    except DecodeError:
        return
    brightness = radiograph.brightness
    assert brightness.dtype == np.float32
    assert 0 <= brightness.min() <= brightness.max() <= 1
    assert set(radiograph.flags) <= set(Flag)
    size = (radiograph.facts.rows, radiograph.facts.columns)
    assert size in (SIZE, SIZE[::-1])
    if radiograph.facts.format != "JPEG":
        assert brightness.shape == size


@pytest.mark.parametrize("name", SOUND)
def test_sound_films_keep_it(name):
    keeps_its_promise(SOUND[name])
    assert decode(SOUND[name], at_least=8).brightness.size


@EXAMPLES
@given(
    header=HEADER,
    table=st.none() | tables(),
    syntax=st.sampled_from([*NATIVE[:3], *LOSSLESS]),
    bits=st.sampled_from([8, 12, 16]),
)
def test_no_header_makes_a_picture_that_is_none(header, table, syntax, bits):
    extra = {"VOILUTSequence": [table]} if table else {}
    try:
        picture, stream = coded(syntax, bits)
        data = dicom(picture, syntax, bits=bits, stream=stream, **header, **extra)
    except (TypeError, ValueError, AttributeError, OverflowError, struct.error):  # pydicom refuses to write it
        return
    keeps_its_promise(data)


@EXAMPLES
@given(
    name=st.sampled_from([name for name in SOUND if "JPEG-LS" not in name]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_no_damage_makes_a_picture_that_is_none(name, changes):
    data = bytearray(SOUND[name])
    for share, octet in changes:
        data[int(share * len(data))] = octet
    try:
        radiograph = decode(bytes(data), at_least=8)
    except DecodeError:
        return
    assert radiograph.brightness.dtype == np.float32
    assert 0 <= radiograph.brightness.min() <= radiograph.brightness.max() <= 1


@EXAMPLES
@given(data=st.binary(max_size=400), decoder=st.sampled_from(BUILT_IN))
def test_no_decoder_lets_anything_but_its_reason_out(data, decoder):
    starts = {
        "JPEG": b"\xff\xd8\xff",
        "PNG": b"\x89PNG\r\n\x1a\n",
        "TIFF": b"II*\0",
        "BMP": b"BM",
        "PGM": b"P5 4 4 255\n",
    }
    keeps_nothing_else = starts.get(decoder.name, bytes(128) + b"DICM") + data
    try:
        brightness = decode(keeps_nothing_else, at_least=8).brightness
    except DecodeError:
        return
    assert 0 <= brightness.min() <= brightness.max() <= 1


@EXAMPLES
@given(
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "YCbCr"]),
    kind=st.sampled_from(["PNG", "TIFF", "BMP", "JPEG", "PPM"]),
    seed=st.integers(0, 9),
)
def test_every_mode_that_pillow_writes_is_read_within_the_range_or_refused(mode, kind, seed):
    values = np.random.default_rng(seed).integers(0, 256, SIZE, np.uint8)
    image = Image.fromarray(values.astype(np.uint16) * 17) if mode == "I;16" else Image.fromarray(values).convert(mode)
    out = io.BytesIO()
    try:
        image.save(out, kind)
    except (OSError, KeyError):
        return  # this format has no such mode
    keeps_its_promise(out.getvalue())

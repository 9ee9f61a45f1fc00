"""Missing pixels are never scored, wherever the file breaks off; and no input brings out anything but DecodeError."""

import films
import numpy as np
import pytest
from films import LOSSLESS, LOSSY_16, NATIVE, bmp, compressed, dicom, film, jpeg, png, tiff
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from xrayscan.decode import decode
from xrayscan.errors import DecodeError

EOI = b"\xff\xd9"
COMPRESSED = [*LOSSLESS, *LOSSY_16, JPEGBaseline8Bit]
RASTERS = {
    "PNG": png(),
    "16-bit PNG": png(film(bits=16)),
    "TIFF": tiff(),
    "LZW TIFF": tiff(compression="tiff_lzw"),
    "JPEG TIFF": tiff(compression="jpeg"),
    "BMP": bmp(),
}
JPEGS = {
    "baseline": jpeg(film(160, 120)),
    "progressive": jpeg(film(160, 120), progressive=True),
    "restarts": jpeg(film(160, 120), restart_marker_rows=1),
    "optimised": jpeg(film(160, 120), optimize=True),
    "colour": jpeg(np.dstack([film(160, 120)] * 3)),
    "progressive colour": jpeg(np.dstack([film(160, 120)] * 3), progressive=True),
}


def outcome(data):
    """Return the brightness, or the reason."""
    try:
        return decode(data, at_least=24).brightness
    except DecodeError as error:
        return str(error)


def places(length, count=30, tail=12):
    """Where to cut: evenly, and everywhere near the end."""
    return sorted({*np.linspace(1, length - 1, count, dtype=int).tolist(), *range(length - tail, length)})


def film_of(syntax):
    return (film(), 8) if syntax == JPEGBaseline8Bit else (film(bits=12), 12)


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_cut_anywhere_is_refused(name):
    data = JPEGS[name]
    for cut in places(len(data)):
        assert isinstance(outcome(data[:cut]), str), cut


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_cut_anywhere_and_closed_with_an_end_marker_is_refused(name):
    data = JPEGS[name]
    for cut in places(len(data) - 3):
        assert isinstance(outcome(data[:cut] + EOI), str), cut


@pytest.mark.parametrize("name", ["progressive", "progressive colour"])
def test_a_progressive_jpeg_cut_between_two_scans_is_refused(name):
    data = JPEGS[name]
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] in (b"\xff\xc4", b"\xff\xda")][2:]
    assert len(scans) > 5
    for at in scans:
        assert outcome(data[:at] + EOI) == "truncated JPEG"


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("filling", ["zeros", "ones", "noise", "nothing"])
def test_a_jpeg_with_a_hole_in_its_middle_is_refused(name, filling):
    data = JPEGS[name]
    start = data.rindex(b"\xff\xda") + 10 if "progressive" not in name else data.index(b"\xff\xda") + 10
    for at in np.linspace(start, len(data) - 700, 9, dtype=int):
        noise = np.random.default_rng(at).bytes(600)
        hole = {"zeros": bytes(600), "ones": b"\xff" * 600, "noise": noise, "nothing": b""}[filling]
        assert isinstance(outcome(data[:at] + hole + data[at + 600 :]), str), at


@pytest.mark.skipif(not films.SHARED_DATA.is_dir(), reason=films.NEEDS_SHARED_DATA)
def test_real_films_with_a_hole_of_zeros_or_half_missing_are_refused():
    for path in sorted(films.SHARED_DATA.glob("kermany_fullsize/*/*"))[::15]:
        data = path.read_bytes()
        middle = len(data) // 2
        assert outcome(data[:middle] + EOI) == "truncated JPEG"
        assert isinstance(outcome(data[:middle] + bytes(4096) + data[middle + 4096 :]), str)


@pytest.mark.parametrize("name", RASTERS)
def test_a_raster_file_cut_anywhere_is_refused_or_complete(name):
    data = RASTERS[name]
    whole = outcome(data)
    for cut in places(len(data)):
        cut_off = outcome(data[:cut])
        assert isinstance(cut_off, str) or (cut > len(data) - 8 and np.array_equal(cut_off, whole)), cut


def test_a_png_whose_stream_ends_early_is_refused_though_its_chunks_are_complete():
    from test_raster import raw_png

    rows = b"".join(b"\0" + row.tobytes() for row in film())
    assert not isinstance(outcome(raw_png(72, 60, 8, 0, rows)), str)
    assert outcome(raw_png(72, 60, 8, 0, rows[:-1])) == "truncated PNG"
    assert outcome(raw_png(72, 60, 8, 0, rows[: len(rows) // 2])) == "truncated PNG"


def test_a_png_without_its_last_chunk_is_refused():
    data = png()
    assert outcome(data[: data.rindex(b"IEND") - 4]) == "truncated PNG"


@pytest.mark.parametrize("syntax", [*NATIVE, *COMPRESSED])
def test_a_dicom_file_cut_anywhere_is_refused_or_complete(syntax):
    picture, bits = film_of(syntax)
    data = dicom(picture, syntax, bits=bits)
    whole = outcome(data)
    for cut in places(len(data)):
        cut_off = outcome(data[:cut])
        # the last bytes are padding or the delimiter behind complete pixels
        assert isinstance(cut_off, str) or (cut > len(data) - 9 and np.array_equal(cut_off, whole)), cut


@pytest.mark.parametrize("syntax", COMPRESSED)
@pytest.mark.parametrize("tail", [b"", EOI, EOI + b"\0"])
def test_a_compressed_frame_cut_anywhere_is_refused(syntax, tail):
    picture, bits = film_of(syntax)
    stream = compressed(picture, syntax, bits)
    for cut in places(len(stream) - 4, tail=8):
        closed = stream[:cut] + tail
        assert isinstance(outcome(dicom(picture, syntax, bits=bits, stream=closed)), str), cut


@pytest.mark.parametrize("syntax", [s for s in COMPRESSED if s not in (JPEG2000, JPEG2000Lossless)])
def test_a_compressed_frame_with_a_hole_is_refused(syntax):
    picture, bits = film_of(syntax)
    stream = compressed(picture, syntax, bits)
    for at in np.linspace(len(stream) // 4, len(stream) * 2 // 3, 6, dtype=int):
        holed = stream[:at] + bytes(len(stream) // 8) + stream[at + len(stream) // 8 :]
        assert isinstance(outcome(dicom(picture, syntax, bits=bits, stream=holed)), str), at


def test_a_jpeg_2000_frame_with_a_large_hole_is_refused():
    stream = compressed(film(200, 200, bits=12), JPEG2000Lossless)
    holed = stream[:2000] + bytes(4096) + stream[6096:]
    assert "hole" in outcome(dicom(film(200, 200, bits=12), JPEG2000Lossless, stream=holed))


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_padding_behind_the_end_marker_is_no_damage(syntax):
    picture, bits = film_of(syntax)
    stream = compressed(picture, syntax, bits)
    whole = outcome(dicom(picture, syntax, bits=bits, stream=stream))
    padded = outcome(dicom(picture, syntax, bits=bits, stream=stream + bytes(2)))
    np.testing.assert_array_equal(padded, whole)


@pytest.mark.parametrize(
    "data",
    [
        JPEGS["baseline"],
        JPEGS["progressive"],
        *RASTERS.values(),
        *(
            dicom(syntax=syntax)
            for syntax in [*NATIVE, RLELossless, JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless]
        ),
        *(dicom(syntax=syntax) for syntax in LOSSLESS[1:3]),
        dicom(film(), JPEGBaseline8Bit, bits=8),
    ],
)
def test_random_damage_brings_out_a_reason_or_a_picture_and_nothing_else(data):
    random = np.random.default_rng(len(data))
    for _ in range(30):
        damaged = bytearray(data)
        for _ in range(int(random.integers(1, 6))):
            damaged[int(random.integers(len(damaged)))] = int(random.integers(256))
        if random.random() < 0.3:
            del damaged[int(random.integers(len(damaged))) :]
        result = outcome(bytes(damaged))
        assert isinstance(result, str) or (result.min() >= 0 and result.max() <= 1)
        assert not isinstance(result, str) or 0 < len(result) < 100

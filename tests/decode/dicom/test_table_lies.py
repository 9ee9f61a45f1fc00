"""Tables, padding and overlays of a header that do not go with the film are passed over or mended, and flagged."""

import struct

import numpy as np
import pytest
from films import dicom, film, read, refusal
from pydicom import uid
from pydicom.dataset import Dataset

from xrayscan.decode.flags import Flag
from xrayscan.errors import Code

FILM = film(bits=12)
VALUES = np.arange(4096)


def shows(radiograph, picture=FILM):
    return np.corrcoef(radiograph.brightness.ravel(), picture.ravel().astype(float))[0, 1] > 0.9999


def table(entries, first=0, depth=12):
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [len(entries), first, depth], "US"
    item.LUTData = np.asarray(entries).astype("<u2").tobytes()
    return [item]


UNFIT = {
    "covers few values": table(VALUES[:256] * 16),
    "is constant where the film lies": table(np.r_[np.zeros(4095, int), 1]),
    "begins behind the film": table(VALUES, first=4090),
}


@pytest.mark.parametrize("entries", UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2047, "WindowWidth": 4096}], ids=["", "window"])
def test_a_modality_table_that_leaves_no_picture_is_passed_over(entries, window):
    radiograph = read(dicom(FILM, ModalityLUTSequence=entries, **window))
    assert shows(radiograph)
    assert radiograph.flags == (Flag.RESCALE,)


@pytest.mark.parametrize("depth", [12, 16])
@pytest.mark.parametrize(("sequence", "flag"), [("VOILUT", Flag.VOI_LUT), ("ModalityLUT", Flag.RESCALE)])
def test_entries_whose_bytes_were_swapped_are_swapped_back(sequence, flag, depth):
    curve = np.rint(4095 * np.sqrt(VALUES / 4095)).astype("u2")
    radiograph = read(dicom(FILM, **{f"{sequence}Sequence": table(curve.byteswap(), depth=depth)}))
    assert shows(radiograph, curve[FILM])
    assert radiograph.flags == (flag,)


@pytest.mark.parametrize("curve", [VALUES, VALUES[::-1], np.minimum(VALUES, 4095 - VALUES), VALUES // 256 * 256])
def test_entries_that_make_a_curve_stay_as_they_are(curve):
    assert Flag.VOI_LUT not in read(dicom(FILM, VOILUTSequence=table(curve))).flags


@pytest.mark.parametrize("bits", [8, 12])
def test_a_value_amid_the_film_is_no_padding(bits):
    picture = film(300, 240, bits)
    middle = int(np.median(picture))
    radiograph = read(dicom(picture, bits=bits, PixelPaddingValue=middle))
    assert shows(radiograph, picture)
    assert radiograph.flags == (Flag.PADDING,)


def test_a_margin_of_a_value_amid_the_film_is_padding():
    picture = film(300, 240, 12)
    picture[:60] = 2400
    radiograph = read(dicom(picture, PixelPaddingValue=2400))
    assert radiograph.flags == ()
    assert radiograph.brightness[:60].max() == 0


@pytest.mark.parametrize("bit", [12, 13, 15])
@pytest.mark.parametrize("said", [12, 14, 16])
def test_an_overlay_among_the_stored_bits_is_no_part_of_the_film(bit, said):
    grid = (np.indices(FILM.shape).sum(axis=0) % 37 < 2).astype(np.uint16) << bit
    radiograph = read(positioned(dicom(FILM | grid, bits=said), bit))
    assert np.array_equal(radiograph.brightness, read(dicom(FILM)).brightness)
    assert radiograph.flags == ((Flag.BITS,) if bit < said else ())


def test_a_leftover_position_of_an_overlay_takes_no_bits_from_a_film():
    assert shows(read(positioned(dicom(FILM), 9)))


def positioned(data, bit):
    """The file with the position of an overlay in its pixel data."""
    at = data.rindex(b"\xe0\x7f\x10\x00")
    return data[:at] + struct.pack("<HH2sHH", 0x6000, 0x0102, b"US", 2, bit) + data[at:]


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.94", "1.2.840.113619.5.2"])
def test_a_syntax_that_is_not_read_is_named_whatever_its_frame_looks_like(syntax):
    data = dicom(FILM, uid.JPEG2000Lossless, stream=b"\xff\x0a" + bytes(range(256)))
    was = uid.JPEG2000Lossless.encode()
    length = len(was) + len(was) % 2
    data = data.replace(was.ljust(length, b"\0"), syntax.encode().ljust(length, b"\0")[:length], 1)
    assert refusal(data).code is Code.UNSUPPORTED_ENCODING


@pytest.mark.parametrize("missing", [2, 100, 2000])
def test_words_that_are_cut_short_are_no_table_of_bytes(missing):
    item = table(VALUES)[0]
    item.LUTData = item.LUTData[:-missing]
    radiograph = read(dicom(FILM, VOILUTSequence=[item], WindowCenter=2048, WindowWidth=4096))
    assert shows(radiograph)
    assert radiograph.flags == (Flag.VOI_LUT_UNUSABLE,)


@pytest.mark.parametrize(("sequence", "flag"), [("VOILUT", Flag.VOI_LUT_UNUSABLE), ("ModalityLUT", Flag.RESCALE)])
def test_a_table_that_is_no_curve_is_passed_over(sequence, flag):
    noise = np.random.default_rng(3).integers(0, 4096, 4096)
    radiograph = read(dicom(FILM, **{f"{sequence}Sequence": table(noise)}))
    assert shows(radiograph)
    assert radiograph.flags == (flag,)


@pytest.mark.parametrize("ends", [(-100, 100), (-32768, 0), (0, 32767)])
def test_a_range_amid_a_signed_film_is_no_padding(ends):
    picture = FILM.astype(np.int16) - 2213  # half of it lies below zero
    padding = dict(zip(("PixelPaddingValue", "PixelPaddingRangeLimit"), ends, strict=True))
    radiograph = read(dicom(picture, bits=16, **padding))
    assert shows(radiograph, picture)
    assert radiograph.flags == (Flag.PADDING,)

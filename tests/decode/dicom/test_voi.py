"""Lookup tables and windows that do not fit their film: the next one is taken, and the record says so."""

import numpy as np
import pytest
from films import dicom, film
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from xrayscan.decode import decode
from xrayscan.decode.flags import Flag

PICTURE = film(120, 100, bits=12)
GOOD = {"WindowCenter": 1800, "WindowWidth": 3000}
CURVE = np.rint(4095 * (np.arange(4096) / 4095) ** 0.7).astype(int)


def read(data):
    return decode(data, at_least=8)


def lut(entries, first=0, bits=16, *, count=None, data=None, vr="US"):
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [(count or len(entries)) % 65536, first, bits])
    if data is not None:
        item.add_new(0x00283006, "OW", data)
    elif entries is not None:
        item.add_new(0x00283006, vr, [int(entry) for entry in entries])
    return item


def test_entries_of_8_bits_in_words_of_16_are_read_as_they_lie():
    entries = np.rint(255 * (np.arange(4096) / 4095) ** 2).astype(int)
    for bits in (8, 16):
        item = lut(entries, bits=bits, data=entries.astype("<u2").tobytes())
        np.testing.assert_allclose(
            read(dicom(PICTURE, VOILUTSequence=[item])).brightness, entries[PICTURE] / 255, atol=1e-4
        )


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_entries_of_one_byte_each_are_read_as_bytes_whatever_the_depth_says(bits):
    entries = np.rint(255 * (np.arange(4096) / 4095) ** 2).astype(int)
    packed = read(dicom(PICTURE, VOILUTSequence=[lut(entries, bits=bits, data=entries.astype("u1").tobytes())]))
    np.testing.assert_allclose(packed.brightness, entries[PICTURE] / 255, atol=1e-4)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_table_of_fewer_bits_than_its_depth_reaches_white(syntax):
    radiograph = read(dicom(PICTURE, syntax, VOILUTSequence=[lut(CURVE, bits=16)]))
    np.testing.assert_allclose(radiograph.brightness, CURVE[PICTURE] / 4095, atol=1e-4)
    assert Flag.VOI_LUT in radiograph.flags


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian])
def test_a_first_value_with_the_wrong_sign_is_read_as_the_film_wants_it(syntax):
    entries = np.rint(65535 * (np.arange(4096) / 4095) ** 2).astype(int)
    rescale = {"RescaleSlope": 1, "RescaleIntercept": -2048}
    right = read(dicom(PICTURE, syntax, VOILUTSequence=[lut(entries, first=-2048)], **rescale))
    wrong = read(dicom(PICTURE, syntax, VOILUTSequence=[lut(entries, first=65536 - 2048)], **rescale))
    np.testing.assert_allclose(right.brightness, entries[PICTURE] / 65535, atol=1e-4)
    np.testing.assert_array_equal(wrong.brightness, right.brightness)


@pytest.mark.parametrize(
    "broken",
    [
        lut(None, count=4096),
        lut(None, count=4096, data=b""),
        lut(None, count=4096, data=bytes(100)),
        lut(np.full(4096, 700)),
        lut(np.arange(64), first=10),
        lut(np.arange(4096), first=5000),
        Dataset(),
    ],
    ids=["no data", "empty", "too short", "constant", "covers few", "covers none", "no descriptor"],
)
@pytest.mark.parametrize("rest", ["window", "table", "nothing"])
def test_a_table_that_leaves_no_picture_is_passed_over(broken, rest):
    elements = {"window": GOOD, "table": {}, "nothing": {}}[rest]
    tables = [broken, lut(CURVE, bits=12)] if rest == "table" else [broken]
    radiograph = read(dicom(PICTURE, VOILUTSequence=Sequence(tables), **elements))
    sound = {"VOILUTSequence": Sequence(tables[1:])} if rest == "table" else elements
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(PICTURE, **sound)).brightness)
    assert Flag.VOI_LUT_UNUSABLE in radiograph.flags


@pytest.mark.parametrize(
    ("centre", "width"),
    [(40, 400), (127, 255), (128, 256), (-600, 1500), (60000, 1000), (32768, 65535), (4095, 1), (30000, 65536)],
)
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_window_that_leaves_no_picture_gives_way_to_the_next_and_then_to_the_range(
    centre, width, function, photometric
):
    other = {"VOILUTFunction": function, "PhotometricInterpretation": photometric}
    alone = read(dicom(PICTURE, WindowCenter=centre, WindowWidth=width, **other))
    np.testing.assert_array_equal(alone.brightness, read(dicom(PICTURE, **other)).brightness)
    assert Flag.WINDOW in alone.flags
    beside = read(dicom(PICTURE, WindowCenter=[centre, 1800], WindowWidth=[width, 3000], **other))
    np.testing.assert_array_equal(beside.brightness, read(dicom(PICTURE, **GOOD, **other)).brightness)
    assert Flag.WINDOW in beside.flags


def test_a_window_that_fits_is_used_though_it_cuts_a_third():
    radiograph = read(dicom(PICTURE, WindowCenter=2300, WindowWidth=2400))
    np.testing.assert_allclose(radiograph.brightness, np.clip((PICTURE - 2299.5) / 2399 + 0.5, 0, 1), atol=1e-4)
    assert radiograph.flags == ()


def test_a_wide_black_collimation_does_not_count_against_a_window():
    picture = PICTURE.copy()
    picture[:80] = 0
    radiograph = read(dicom(picture, WindowCenter=2300, WindowWidth=2400))
    assert Flag.WINDOW not in radiograph.flags


def test_one_dead_pixel_does_not_darken_a_film_without_window():
    picture = PICTURE // 16 + 3
    hot = picture.copy()
    hot[3, 3] = 65535
    radiograph = read(dicom(hot, bits=16))
    assert np.corrcoef(radiograph.brightness.ravel(), np.delete(picture.ravel(), []))[0, 1] > 0.99
    assert radiograph.brightness.max() - np.median(radiograph.brightness) < 0.9
    assert Flag.OUTLIERS in radiograph.flags


@pytest.mark.parametrize(
    ("photometric", "shape", "is_inverted", "contradicts"),
    [
        ("MONOCHROME2", None, False, False),
        ("MONOCHROME2", "IDENTITY", False, False),
        ("MONOCHROME2", "INVERSE", True, True),
        ("MONOCHROME1", None, True, False),
        ("MONOCHROME1", "INVERSE", True, False),
        ("MONOCHROME1", "IDENTITY", False, True),
    ],
)
def test_presentation_lut_shape_is_the_last_word_on_polarity(photometric, shape, is_inverted, contradicts):
    elements = {"PresentationLUTShape": shape} if shape else {}
    radiograph = read(dicom(PICTURE, PhotometricInterpretation=photometric, **elements))
    correlation = np.corrcoef(radiograph.brightness.ravel(), PICTURE.ravel())[0, 1]
    assert bool(correlation < 0) is is_inverted
    assert (Flag.POLARITY in radiograph.flags) is contradicts


def test_one_level_is_flagged():
    assert read(dicom(np.full((20, 30), 77, np.uint16), WindowCenter=50, WindowWidth=10)).flags == (Flag.ONE_LEVEL,)


def test_a_modality_table_that_cannot_be_read_is_passed_over():
    item = lut(None, count=4096)
    item.ModalityLUTType = "US"
    radiograph = read(dicom(PICTURE, ModalityLUTSequence=[item], **GOOD))
    np.testing.assert_array_equal(radiograph.brightness, read(dicom(PICTURE, **GOOD)).brightness)
    assert Flag.RESCALE in radiograph.flags


def test_how_the_values_were_read_is_told():
    reading = read(dicom(PICTURE, PixelPaddingValue=0, **GOOD)).reading
    assert reading["VOI"] == "window 1800 / 3000 (LINEAR)"
    assert reading["bits"] == "12 of 16, unsigned"
    assert reading["padding"] == "0"

"""DICOM: one picture stored in every way gives one brightness, and nothing personal leaves."""

import logging
import re

import numpy as np
import pytest
from films import DX, LOSSLESS, LOSSY_16, NATIVE, dicom, film, header, written
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from xrayscan.decode import decode
from xrayscan.errors import DecodeError, Status
from xrayscan.store.record import Facts

WINDOW = {"WindowCenter": 1800, "WindowWidth": 2200}
CODED = [*NATIVE, *LOSSLESS]


def brightness(data):
    return decode(data, at_least=8).brightness


def reason(data):
    with pytest.raises(DecodeError) as caught:
        decode(data, at_least=8)
    return str(caught.value)


def lut(entries, first=0, bits=16):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    item.add_new(0x00283006, "US", [int(entry) for entry in entries])
    return Sequence([item])


@pytest.mark.parametrize("syntax", CODED)
@pytest.mark.parametrize("elements", [{}, WINDOW])
def test_every_lossless_syntax_gives_exactly_the_same_brightness(syntax, elements):
    np.testing.assert_array_equal(brightness(dicom(syntax=syntax, **elements)), brightness(dicom(**elements)))


@pytest.mark.parametrize("syntax", [*CODED])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_signed_values_survive_every_syntax(syntax, bits):
    unsigned = film(bits=bits)
    signed = (unsigned.astype(np.int32) - (1 << (bits - 1))).astype(f"i{unsigned.itemsize}")
    np.testing.assert_array_equal(brightness(dicom(signed, syntax, bits=bits)), brightness(dicom(unsigned, bits=bits)))


@pytest.mark.parametrize("syntax", LOSSY_16)
def test_lossy_syntaxes_come_close(syntax):
    np.testing.assert_allclose(brightness(dicom(syntax=syntax, **WINDOW)), brightness(dicom(**WINDOW)), atol=0.02)


def test_baseline_jpeg_comes_close():
    picture = film()
    decoded = decode(dicom(picture, uid.JPEGBaseline8Bit, bits=8), at_least=8)
    np.testing.assert_allclose(decoded.brightness, brightness(dicom(picture, bits=8)), atol=0.03)
    assert decoded.facts.format == "DICOM JPEG"


@pytest.mark.parametrize("bits", range(8, 17))
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"WindowCenter": 0.4, "WindowWidth": 0.7},
        {"WindowCenter": 0.4, "WindowWidth": 0.7, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 0.4, "WindowWidth": 0.7, "VOILUTFunction": "SIGMOID"},
        {"RescaleSlope": 2.5, "RescaleIntercept": -300},
        {"RescaleSlope": 0.37, "RescaleIntercept": 11.3, "WindowCenter": 0.5, "WindowWidth": 0.6},
    ],
)
def test_monochrome1_and_2_of_one_picture_are_exactly_equal(bits, signed, elements):
    levels = 1 << bits
    picture = film(bits=bits).astype(np.int64)
    container = "i" if signed else "u"
    lowest = -levels // 2 if signed else 0
    dtype = f"{container}{1 if bits == 8 else 2}"
    stored, mirrored = (picture + lowest).astype(dtype), (levels - 1 - picture + lowest).astype(dtype)
    first, second = dict(elements), dict(elements)
    if "WindowCenter" in elements:
        slope, intercept = elements.get("RescaleSlope", 1), elements.get("RescaleIntercept", 0)
        total = slope * (2 * lowest + levels - 1) + 2 * intercept  # of a value and its mirror image
        centre = round(slope * (lowest + elements["WindowCenter"] * levels) + intercept)
        shift = 1 if "VOILUTFunction" not in elements else 0  # LINEAR counts from the centre minus one half
        width = round(slope * elements["WindowWidth"] * levels)
        first.update(WindowCenter=centre, WindowWidth=width)
        second.update(WindowCenter=round(total - centre + shift, 6), WindowWidth=width)
    plain = brightness(dicom(stored, bits=bits, **first))
    np.testing.assert_array_equal(
        brightness(dicom(mirrored, bits=bits, PhotometricInterpretation="MONOCHROME1", **second)), plain
    )
    assert np.corrcoef(plain.ravel(), picture.ravel())[0, 1] > 0.9  # bone stays bright


def test_presentation_lut_shape_does_not_invert_a_second_time():
    data = dicom(PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    np.testing.assert_array_equal(brightness(data), brightness(dicom(PhotometricInterpretation="MONOCHROME1")))


def test_a_linear_window_is_the_standards():
    values = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    expected = np.clip((values - 1799.5) / 2199 + 0.5, 0, 1)
    np.testing.assert_allclose(brightness(dicom(values, **WINDOW)), expected, atol=1e-5)


def test_an_exact_window_and_a_sigmoid_are_the_standards():
    values = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    exact = brightness(dicom(values, **WINDOW, VOILUTFunction="LINEAR_EXACT"))
    sigmoid = brightness(dicom(values, **WINDOW, VOILUTFunction="SIGMOID"))
    values = values.astype(np.float64)
    np.testing.assert_allclose(exact, np.clip((values - 1800) / 2200 + 0.5, 0, 1), atol=1e-5)
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-4 * (values - 1800.0) / 2200)), atol=1e-5)


def test_the_first_of_several_windows_counts():
    several = dicom(WindowCenter=[1800, 100], WindowWidth=[2200, 10])
    np.testing.assert_array_equal(brightness(several), brightness(dicom(**WINDOW)))


@pytest.mark.parametrize("width", [0, -5, 0.5, ""])
def test_a_window_without_width_is_no_window(width):
    np.testing.assert_array_equal(brightness(dicom(WindowCenter=100, WindowWidth=width)), brightness(dicom()))


def test_the_window_applies_to_rescaled_values():
    rescaled = dicom(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=2600.5, WindowWidth=4399)
    np.testing.assert_allclose(brightness(rescaled), brightness(dicom(**WINDOW)), atol=1e-3)


def test_a_voi_lut_is_applied_before_any_window():
    table = np.minimum(65535, np.arange(4096) ** 2 // 200)
    expected = table[film(bits=12)] / 65535
    np.testing.assert_allclose(brightness(dicom(VOILUTSequence=lut(table))), expected, atol=1e-5)
    np.testing.assert_allclose(brightness(dicom(VOILUTSequence=lut(table), **WINDOW)), expected, atol=1e-5)
    mirrored = dicom(4095 - film(bits=12), PhotometricInterpretation="MONOCHROME1",
                     VOILUTSequence=lut(65535 - table[::-1]))  # fmt: skip
    np.testing.assert_array_equal(brightness(mirrored), brightness(dicom(VOILUTSequence=lut(table))))


def test_a_modality_lut_is_applied_before_the_window():
    table = 4095 - np.arange(4096)
    data = dicom(4095 - film(bits=12), ModalityLUTSequence=lut(table), **WINDOW)
    np.testing.assert_array_equal(brightness(data), brightness(dicom(**WINDOW)))


def test_without_a_window_the_values_present_reach_from_black_to_white():
    picture = film(bits=12) // 2 + 500
    expected = (picture - picture.min()) / float(picture.max() - picture.min())
    np.testing.assert_allclose(brightness(dicom(picture)), expected, atol=1e-5)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("padding", [0, 4095])
def test_padding_is_black_and_not_part_of_the_range(photometric, padding):
    picture = film(bits=12) // 2 + 500
    padded = picture.copy()
    padded[:10] = padding
    both = {"PhotometricInterpretation": photometric}
    decoded = brightness(dicom(padded, PixelPaddingValue=padding, **both))
    assert decoded[:10].max() == 0
    cropped = brightness(dicom(picture[10:], **both))
    np.testing.assert_array_equal(decoded[10:], cropped)


def test_an_image_of_one_value_is_black():
    assert brightness(dicom(np.full((20, 30), 77, np.uint16))).max() == 0


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless])
@pytest.mark.parametrize("signed", [False, True])
def test_bits_beyond_those_stored_are_masked(syntax, signed):
    clean = (film(bits=12).astype(np.int16) - 2048 * signed) & 0x0FFF
    overlaid = (clean | np.where(np.indices(clean.shape).sum(0) % 3 == 0, 0xA000, 0)).astype(np.uint16)
    sign = {"PixelRepresentation": int(signed)}
    np.testing.assert_array_equal(
        brightness(dicom(overlaid, syntax, **sign)), brightness(dicom(clean.astype(np.uint16), **sign))
    )
    np.testing.assert_array_equal(brightness(dicom(overlaid, syntax, **sign)), brightness(dicom()))


def test_left_aligned_values_are_shifted_down():
    shifted = (film(bits=12) << 4) | 0x000F
    np.testing.assert_array_equal(brightness(dicom(shifted, HighBit=15)), brightness(dicom()))


@pytest.mark.parametrize("syntax", [*NATIVE, uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGBaseline8Bit])
def test_colour_becomes_luma(syntax):
    red = np.dstack([film(), film() // 2, film() // 3])
    luma = red @ np.array([0.299, 0.587, 0.114]) / 255
    decoded = brightness(dicom(red, syntax, bits=8))
    np.testing.assert_allclose(decoded, luma, atol=0.03 if syntax == uid.JPEGBaseline8Bit else 0.003)


def test_palette_colour_is_read_through_its_palette():
    ramp = np.linspace(65535, 0, 256).astype("<u2")
    palette = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        palette[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        palette[f"{name}PaletteColorLookupTableData"] = ramp.tobytes()
    np.testing.assert_allclose(brightness(dicom(film(), bits=8, **palette)), ramp[film()] / 65535, atol=1e-5)


def test_pixel_aspect_ratio_is_ignored():
    np.testing.assert_array_equal(brightness(dicom(PixelAspectRatio=[2, 1])), brightness(dicom()))


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        (uid.ExplicitVRLittleEndian, "DICOM"),
        (uid.RLELossless, "DICOM RLE"),
        (uid.JPEG2000Lossless, "DICOM JPEG 2000"),
        (uid.JPEGLSLossless, "DICOM JPEG-LS"),
        (uid.JPEGLosslessSV1, "DICOM JPEG lossless"),
    ],
)
def test_the_facts_are_technical(syntax, name):
    facts = decode(dicom(syntax=syntax), at_least=8).facts
    assert facts == Facts(
        format=name,
        rows=72,
        columns=60,
        study_uid="1.2.3.4.5",
        series_uid="1.2.3.4.6",
        sop_uid="1.2.3.4.7",
        modality="DX",
        view="PA",
    )


def test_no_header_text_leaves_in_facts_logs_or_warnings(caplog, recwarn):
    data = dicom(StudyInstanceUID="SECRET^NAME", WindowCenter=123456, WindowWidth=5).replace(b"123456", b"SECRET")
    broken = dicom(syntax=uid.RLELossless, stream=b"SECRET" * 20, StudyInstanceUID="SECRET")
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        radiograph = decode(data, at_least=8)
        text = reason(broken)
    assert "SECRET" not in repr(radiograph.facts) + text + caplog.text
    assert not recwarn.list
    assert radiograph.facts.study_uid == ""


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("LL", "LL"),
        ("lateral ", "LATERAL"),
        ("AP SUPINE", "AP SUPINE"),
        ("AP ERECT", "AP ERECT"),
        ("", ""),
        ("<b>PA</b>", ""),
        ("A" * 40, ""),
        ("DOE", ""),
        ("DOE JOHN 1980", ""),
        ("PA DOE", ""),
    ],
)
def test_only_view_positions_of_known_words_leave_the_header(stored, shown):
    assert decode(dicom(ViewPosition=stored), at_least=8).facts.view == shown


@pytest.mark.parametrize(
    ("code", "meaning", "view"),
    [
        ("399173006", "left lateral", "LL"),
        ("R-10232", "right lateral", "RL"),
        ("272479007", "postero-anterior", "PA"),
        ("R-10206", "antero-posterior", "AP"),
        ("LOCAL1", "Lateral view", "LATERAL"),
        ("LOCAL2", "SECRET", ""),
    ],
)
def test_the_view_code_is_used_where_there_is_no_view_position(code, meaning, view):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", meaning
    data = dicom(ViewCodeSequence=Sequence([item]), drop=("ViewPosition",))
    assert decode(data, at_least=8).facts.view == view


def test_a_directory_is_skipped_and_has_not_failed():
    with pytest.raises(DecodeError, match="DICOM directory, no image") as caught:
        decode(written(header(sop_class="1.2.840.10008.1.3.10")), at_least=8)
    assert caught.value.status is Status.SKIPPED


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (written(header(sop_class="1.2.840.10008.5.1.4.1.1.88.11")), r"no pixel data \(not an image\)"),
        (dicom(drop=("PixelData",)), "pixel data are missing"),
        (dicom(NumberOfFrames=2), "multi-frame object: export single frames"),
        (dicom(Rows=0), "zero size"),
        (dicom(Rows=65535, Columns=65535), "too large"),
        (dicom(drop=("Rows",)), "no rows or columns"),
        (dicom(PhotometricInterpretation="HSV", SamplesPerPixel=1), "unknown photometric interpretation"),
        (dicom(BitsAllocated=12), "12 bits allocated per pixel is not supported"),
        (dicom(RescaleSlope=0, RescaleIntercept=0), "rescale slope is zero"),
        (dicom(syntax=uid.JPEGLosslessSV1, Rows=71), "another size than its header says"),
        (dicom().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0"), "transfer syntax that is not supported"),
    ],
)
def test_what_is_no_single_film_is_refused_in_plain_words(data, text):
    assert re.search(text, reason(data))


def test_an_ordinary_object_is_a_dx():
    assert DX in str(header().SOPClassUID)

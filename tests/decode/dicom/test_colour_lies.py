"""A grey film stored in colour is the film, whatever the header calls its planes, and colour is seen to be colour."""

import io

import jpeg_ls
import numpy as np
import pytest
from films import dicom, film, read, refusal
from PIL import Image
from pydicom import uid

from xrayscan.decode.flags import Flag
from xrayscan.errors import Code

FILM = film()
RGB = np.stack([FILM] * 3, axis=-1)
YBR = np.stack([FILM, np.full_like(FILM, 128), np.full_like(FILM, 128)], axis=-1)
COLOURS = ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"]
PHOTO = np.stack([FILM, FILM[::-1], FILM[:, ::-1]], axis=-1)


def shown(data, tolerance=1 / 255, expected=FILM):
    """The film, to the last level but for what rounding and lossy compression leave."""
    radiograph = read(data)
    assert np.abs(radiograph.brightness - expected / 255.0).max() <= tolerance
    return radiograph


@pytest.mark.parametrize("said", COLOURS)
@pytest.mark.parametrize("held", [RGB, YBR], ids=["RGB", "YBR"])
@pytest.mark.parametrize("lies_in_planes", [False, True])
@pytest.mark.parametrize("planar", [0, 1])
def test_uncompressed_planes_are_what_makes_a_film_of_them(held, said, planar, lies_in_planes):
    lying = np.ascontiguousarray(np.moveaxis(held, 2, 0)) if planar != lies_in_planes else held
    data = dicom(held, bits=8, PhotometricInterpretation=said, PlanarConfiguration=planar, PixelData=lying.tobytes())
    radiograph = shown(data)
    assert radiograph.chroma == 0
    assert (Flag.PLANES in radiograph.flags) == lies_in_planes
    if said in ("RGB", "YBR_FULL"):
        assert (Flag.PHOTOMETRIC in radiograph.flags) == (said != ("RGB" if held is RGB else "YBR_FULL"))


@pytest.mark.parametrize("said", COLOURS[:4])
def test_differences_of_colour_at_half_the_width_are_told_by_the_length(said):
    packed = np.stack([FILM[:, ::2], FILM[:, 1::2], YBR[:, ::2, 1], YBR[:, ::2, 2]], axis=-1)
    flags = shown(dicom(YBR, bits=8, PhotometricInterpretation=said, PixelData=packed.tobytes())).flags
    assert flags == (() if said == "YBR_FULL_422" else (Flag.PHOTOMETRIC,))


@pytest.mark.parametrize("said", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless])
@pytest.mark.parametrize("held", [RGB, YBR], ids=["RGB", "YBR"])
def test_compressed_planes_are_what_makes_a_film_of_them(held, syntax, said):
    ls = bytes(jpeg_ls.encode_array(held, interleave_mode=2)) if syntax == uid.JPEGLSLossless else None
    shown(dicom(held, syntax, bits=8, PhotometricInterpretation=said, stream=ls))


@pytest.mark.parametrize("said", COLOURS)
@pytest.mark.parametrize("are_marked", [False, True])
@pytest.mark.parametrize("are_rgb", [False, True])
def test_baseline_planes_are_what_makes_a_film_of_them(are_rgb, are_marked, said):
    out = io.BytesIO()
    Image.fromarray(RGB).save(out, "JPEG", quality=98, keep_rgb=are_rgb)
    stream = out.getvalue() if are_marked else without(out.getvalue(), 0xE0, 0xEE)
    shown(dicom(RGB, uid.JPEGBaseline8Bit, bits=8, PhotometricInterpretation=said, stream=stream), 6 / 255)


def without(stream, *markers):
    """The JPEG stream without these segments."""
    kept, at = stream[:2], 2
    while stream[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        kept += b"" if stream[at + 1] in markers else stream[at:end]
        at = end
    return kept + stream[at:]


@pytest.mark.parametrize("held", [RGB, YBR], ids=["RGB", "YBR"])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless])
def test_colour_has_no_sign(syntax, held):
    assert Flag.SIGN in shown(dicom(held, syntax, bits=8, PixelRepresentation=1)).flags


@pytest.mark.parametrize(
    "said", [{"BitsStored": 12}, {"BitsStored": 16, "BitsAllocated": 16}, {"PlanarConfiguration": 1}]
)
@pytest.mark.parametrize("held", [RGB, YBR], ids=["RGB", "YBR"])
def test_a_codestream_knows_the_depth_and_the_order_of_its_colours(held, said):
    shown(dicom(held, uid.JPEG2000Lossless, bits=8, **said))


def test_a_photograph_in_jpeg_2000_keeps_its_colours_under_another_planar_configuration():
    luma = np.asarray(Image.fromarray(PHOTO).convert("L"))
    shown(dicom(PHOTO, uid.JPEG2000Lossless, bits=8, PlanarConfiguration=1), 2 / 255, luma)


def test_differences_of_colour_compressed_as_if_they_were_rgb_are_no_colour():
    radiograph = read(dicom(np.repeat(np.repeat(YBR, 4, 0), 4, 1), uid.JPEGBaseline8Bit, bits=8))
    assert np.abs(radiograph.brightness[::4, ::4] - FILM / 255).mean() < 0.03
    assert radiograph.flags == (Flag.PHOTOMETRIC,)
    assert radiograph.chroma == 0


@pytest.mark.parametrize("planar", [0, 1])
def test_rows_and_columns_of_colour_that_changed_places_are_put_back(planar):
    lying = np.ascontiguousarray(np.moveaxis(RGB, 2, 0)) if planar else RGB
    said = {"Rows": 60, "Columns": 72, "PlanarConfiguration": planar, "PixelData": lying.tobytes()}
    assert shown(dicom(RGB, bits=8, **said)).flags == (Flag.SIZE,)


@pytest.mark.parametrize("bits", [12, 16])
def test_colours_of_16_bits_whose_bytes_were_swapped_are_swapped_back(bits):
    picture = film(bits=bits)
    radiograph = read(dicom(np.stack([picture] * 3, axis=-1).byteswap(), bits=bits))
    assert np.abs(radiograph.brightness - picture / ((1 << bits) - 1)).max() < 1e-5
    assert Flag.SYNTAX in radiograph.flags


@pytest.mark.parametrize("said", [{"BitsAllocated": 16, "SamplesPerPixel": 1}, {"Rows": 54}])
def test_half_as_much_again_as_an_image_has_is_no_picture(said):
    assert refusal(dicom(RGB, bits=8, **said)).code is Code.HEADER


def test_true_colour_stays_what_the_header_says():
    ycc = np.asarray(Image.fromarray(PHOTO).convert("YCbCr"))
    luma = np.asarray(Image.fromarray(PHOTO).convert("L"))
    for picture, said in ((PHOTO, "RGB"), (ycc, "YBR_FULL")):
        radiograph = shown(dicom(picture, bits=8, PhotometricInterpretation=said), 2 / 255, luma)
        assert radiograph.flags == ()


@pytest.mark.parametrize("used", [8, 10, 12])
def test_16_bit_colour_of_fewer_bits_reaches_white(used):
    picture = film(bits=used).astype(np.uint16)
    radiograph = read(dicom(np.stack([picture] * 3, axis=-1), bits=16))
    assert np.abs(radiograph.brightness - picture / ((1 << used) - 1)).max() < 1e-3


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEGBaseline8Bit])
def test_a_photograph_is_seen_to_be_one(syntax):
    assert read(dicom(PHOTO, syntax, bits=8)).chroma > 0.03


ENTRIES = np.arange(256)
PALETTES = {
    "words": (16, (ENTRIES * 257).astype("<u2")),
    "bytes": (8, ENTRIES.astype("u1")),
    "8 bits in words, said to be 16": (16, ENTRIES.astype("<u2")),
    "8 bits in words, said to be 8": (8, ENTRIES.astype("<u2")),
    "words, said to be 8": (8, (ENTRIES * 257).astype("<u2")),
    "bytes, said to be 16": (16, ENTRIES.astype("u1")),
    "12 bits": (12, (ENTRIES * 16).astype("<u2")),
}


@pytest.mark.parametrize("said", [{"PixelRepresentation": 1}, {"PixelRepresentation": 1, "BitsStored": 16}])
def test_values_into_a_palette_are_counted_from_zero_whatever_sign_is_said(said):
    picture, entries = film(bits=12), np.arange(4096) * 16
    colours = {f"{colour}PaletteColorLookupTableDescriptor": [4096, 0, 16] for colour in ("Red", "Green", "Blue")}
    colours |= {name.replace("Descriptor", "Data"): entries.astype("<u2").tobytes() for name in colours}
    radiograph = read(dicom(picture, PhotometricInterpretation="PALETTE COLOR", **colours, **said))
    assert np.abs(radiograph.brightness - picture / 4095).max() < 1e-3


def in_palette(depth, entries, **elements):
    colours = {}
    for colour in ("Red", "Green", "Blue"):
        colours[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, depth]
        colours[f"{colour}PaletteColorLookupTableData"] = entries.tobytes()
    return dicom(FILM, bits=8, PhotometricInterpretation="PALETTE COLOR", **(colours | elements))


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_a_palette_is_read_by_what_its_entries_are(palette):
    shown(in_palette(*palette))


def test_a_palette_of_colours_is_seen_to_be_colourful():
    blue = {"BluePaletteColorLookupTableData": np.sin(ENTRIES / 9).astype(np.float32).view("<u2")[1::2].tobytes()}
    assert read(in_palette(*PALETTES["words"], **blue)).chroma > 0.03


def test_a_palette_that_is_too_short_is_named():
    error = refusal(in_palette(16, PALETTES["words"][1][:60]))
    assert error.code is Code.HEADER
    assert "palette" in str(error)

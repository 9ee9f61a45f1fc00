"""PNG, TIFF, PGM and gzip: depths that do not fill their words, films in odd places, and what holds pictures unread."""

import gzip
import io
import struct
import zlib

import numpy as np
import pytest
from films import bmp, dicom, film, jpeg, png, read, refusal, tiff
from PIL import Image, TiffImagePlugin

from xrayscan.decode import named_as_image, sniff
from xrayscan.decode.flags import Flag
from xrayscan.errors import Code


def deep(bits):
    """A film that uses this many bits, and has values above the next smaller depth."""
    return film(bits=bits).astype(np.uint16)


def raw_png(samples, depth, colour, extra=b""):
    """Write a PNG of any colour type: Pillow cannot write them all. ``samples``: (H, W, channels)."""
    rows, columns = samples.shape[:2]
    packed = samples.astype(">u2" if depth == 16 else "u1")
    lines = b"".join(b"\0" + packed[row].tobytes() for row in range(rows))
    header = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    body = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + body[0] + extra + b"".join(body[1:])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("write", [png, tiff], ids=["png", "tiff"])
def test_16_bits_that_use_fewer_reach_white(bits, write):
    radiograph = read(write(deep(bits)))
    np.testing.assert_allclose(radiograph.brightness, deep(bits) / ((1 << bits) - 1), atol=1e-5)
    assert radiograph.flags == ((Flag.DEPTH,) if bits < 16 else ())


@pytest.mark.parametrize("bits", [9, 11, 12, 13, 14])
@pytest.mark.parametrize("colour", [0, 4])
def test_the_bits_that_a_png_names_as_significant_are_used(bits, colour):
    picture = deep(bits)[..., np.newaxis]
    samples = picture if colour == 0 else np.concatenate([picture, np.full_like(picture, 65535)], axis=2)
    data = raw_png(samples, 16, colour, chunk(b"sBIT", bytes([bits, 16][: samples.shape[2]])))
    radiograph = read(data)
    np.testing.assert_allclose(radiograph.brightness, picture[..., 0] / ((1 << bits) - 1), atol=1e-5)


def test_a_png_scaled_up_as_its_standard_wants_is_not_scaled_again():
    radiograph = read(raw_png((deep(12) << 4)[..., np.newaxis], 16, 0, chunk(b"sBIT", b"\x0c")))
    np.testing.assert_allclose(radiograph.brightness, (deep(12) << 4) / 65535, atol=1e-5)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_16_bit_grey_with_alpha_keeps_its_low_bits(bits):
    picture = deep(bits)
    radiograph = read(raw_png(np.dstack([picture, np.full_like(picture, 65535)]), 16, 4))
    np.testing.assert_allclose(radiograph.brightness, picture / ((1 << bits) - 1), atol=1e-5)


@pytest.mark.parametrize("ground", [0, 255])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_in_the_alpha_channel_is_read_from_there(ground, channels):
    picture = film()
    samples = np.dstack([np.full_like(picture, ground)] * channels + [picture])
    radiograph = read(png(samples))
    np.testing.assert_allclose(radiograph.brightness, picture / 255, atol=1e-5)
    assert radiograph.flags == (Flag.ALPHA,)


def test_a_film_in_16_bits_of_alpha_is_read_from_there():
    picture = deep(12)
    radiograph = read(raw_png(np.dstack([np.zeros_like(picture), picture]), 16, 4))
    np.testing.assert_allclose(radiograph.brightness, picture / 4095, atol=1e-5)
    assert Flag.ALPHA in radiograph.flags


def test_a_film_in_the_transparency_of_a_palette_is_read_from_there():
    image = Image.fromarray(film()).convert("P")
    image.putpalette(bytes(768))
    out = io.BytesIO()
    image.save(out, "PNG", transparency=bytes(range(256)))
    radiograph = read(out.getvalue())
    assert np.ptp(radiograph.brightness) > 0.5
    assert radiograph.flags == (Flag.ALPHA,)


def test_transparency_over_a_film_is_ignored():
    picture = film()
    radiograph = read(png(np.dstack([picture, picture, picture, film(bits=8)[::-1]])))
    np.testing.assert_allclose(radiograph.brightness, picture / 255, atol=0.003)
    assert radiograph.flags == ()


@pytest.mark.parametrize("colour", [2, 6])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("named", [b"", b"sBIT"])
def test_a_film_in_16_bit_colour_keeps_all_its_bits(colour, bits, named):
    picture = deep(bits)
    channels = [picture] * 3 + [np.full_like(picture, 65535)] * (colour == 6)
    extra = chunk(named, bytes([bits] * 3)) if named else b""
    radiograph = read(raw_png(np.dstack(channels), 16, colour, extra))
    np.testing.assert_allclose(radiograph.brightness, picture / (2**bits - 1), atol=1e-5)
    assert radiograph.chroma == 0


def test_16_bit_colour_of_few_bits_is_seen_to_be_colour():
    picture = deep(12)
    radiograph = read(raw_png(np.dstack([picture, picture[::-1], picture[:, ::-1]]), 16, 2))
    assert radiograph.chroma > 0.03
    luma = picture * 0.299 + picture[::-1] * 0.587 + picture[:, ::-1] * 0.114
    np.testing.assert_allclose(radiograph.brightness, luma / 4095, atol=1e-3)


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_film_in_the_alpha_of_16_bit_colour_is_read_from_there(level):
    picture = deep(12)
    radiograph = read(raw_png(np.dstack([np.full_like(picture, level * 257)] * 3 + [picture]), 16, 6))
    np.testing.assert_allclose(radiograph.brightness, picture / 4095, atol=1e-5)
    assert Flag.ALPHA in radiograph.flags


@pytest.mark.parametrize("palette", [b"", bytes(range(100)) * 3])
def test_a_value_without_colour_in_the_palette_is_damage(palette):
    extra = chunk(b"PLTE", palette) if palette else b""
    assert refusal(raw_png(film()[:, :, np.newaxis], 8, 3, extra)).code is Code.DAMAGED


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("transparency", [b"", bytes(256)])
def test_a_palette_of_greys_is_the_film_as_it_is_shown(is_reversed, transparency):
    ramp = np.arange(256, dtype=np.uint8)[:: -1 if is_reversed else 1]
    extra = chunk(b"PLTE", np.repeat(ramp, 3).tobytes()) + (chunk(b"tRNS", transparency) if transparency else b"")
    brightness = read(raw_png(film()[:, :, np.newaxis], 8, 3, extra)).brightness
    np.testing.assert_allclose(brightness, ramp[film()] / 255, atol=1e-5)


@pytest.mark.parametrize("level", [0, 100, 255])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_grey_is_ignored(level, depth):
    picture = deep(depth)[:, :, np.newaxis]
    brightness = read(raw_png(picture, depth, 0, chunk(b"tRNS", struct.pack(">H", level)))).brightness
    np.testing.assert_allclose(brightness, picture[:, :, 0] / (2**depth - 1), atol=1e-5)


def test_gamma_changes_nothing():
    picture = deep(16)[:, :, np.newaxis]
    brightness = read(raw_png(picture, 16, 0, chunk(b"gAMA", struct.pack(">I", 100_000)))).brightness
    np.testing.assert_allclose(brightness, deep(16) / 65535, atol=1e-5)


def pages(*images, **first):
    out = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(out, new=True) as writer:
        for picture, tags in images:
            info = TiffImagePlugin.ImageFileDirectory_v2()
            for tag, value in tags.items():
                info[tag] = value
            Image.fromarray(picture).save(writer, "TIFF", tiffinfo=info)
            writer.newFrame()
    return out.getvalue()


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("reduced", [{254: 1}, {255: 2}, {254: 4}, {254: 5}])
def test_a_thumbnail_beside_a_film_is_passed_over(order, reduced):
    film_and_thumbnail = [(film(), {}), (film(18, 15)[::-1], reduced)][::order]
    radiograph = read(pages(*film_and_thumbnail))
    np.testing.assert_allclose(radiograph.brightness, film() / 255, atol=1e-5)


def test_two_films_in_one_tiff_are_refused():
    assert refusal(pages((film(), {}), (film(), {}))).code is Code.MULTI_PAGE
    assert refusal(pages((film(), {254: 2}), (film(), {254: 2}))).code is Code.MULTI_PAGE


def test_a_tiff_of_a_million_pages_is_refused_at_the_second():
    page = struct.pack("<HHHII", 1, 256, 4, 1, 100)
    count, size = 1_000_000, len(page) + 4
    links = (8 + size * np.arange(1, count + 1)).astype("<u4")
    links[-1] = 0
    body = np.zeros((count, size), np.uint8)
    body[:, : len(page)] = np.frombuffer(page, np.uint8)
    body[:, len(page) :] = links[:, np.newaxis].view(np.uint8).reshape(count, 4)
    assert refusal(b"II*\0" + struct.pack("<I", 8) + body.tobytes()).code is Code.MULTI_PAGE


def test_a_chain_of_pages_that_leads_back_to_itself_ends():
    data = bytearray(tiff())
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * count, at)
    np.testing.assert_allclose(read(bytes(data)).brightness, film() / 255, atol=1e-5)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("lowest", [-2048, 0])
def test_signed_16_bit_tiff_is_read(order, lowest):
    values = deep(12).astype(np.int32) + lowest
    radiograph = read(signed_tiff(values.astype(order + "i2"), order))
    assert np.corrcoef(radiograph.brightness.ravel(), values.ravel())[0, 1] > 0.9999
    assert radiograph.brightness.max() > 0.9


def signed_tiff(values, order):
    rows, columns = values.shape
    entries = [(256, 4, columns), (257, 4, rows), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 200), (277, 3, 1)]
    entries += [(278, 4, rows), (279, 4, values.nbytes), (339, 3, 2)]
    packed = [
        struct.pack(order + ("HHIHxx" if kind == 3 else "HHII"), tag, kind, 1, value) for tag, kind, value in entries
    ]
    directory = struct.pack(order + "H", len(entries)) + b"".join(packed) + bytes(4)
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return (start + directory).ljust(200, b"\0") + values.tobytes()


def test_floating_point_tiff_is_refused_with_what_to_do():
    error = refusal(tiff(film().astype(np.float32)))
    assert error.code is Code.UNSUPPORTED_VALUES
    assert "convert" in str(error)


NETPBM = {
    "P5 8 bit": b"P5\n# a comment\n60 72\n255\n" + film().tobytes(),
    "P5 12 bit": b"P5 60 72 4095\n" + deep(12).astype(">u2").tobytes(),
    "P5 12 of 16 bit": b"P5 60 72 65535\n" + deep(12).astype(">u2").tobytes(),
    "P2": b"P2\n60 72\n255\n" + b" ".join(b"%d" % value for value in film().ravel()),
    "P6": b"P6 60 72 255\n" + np.dstack([film()] * 3).tobytes(),
    "P3": b"P3 60 72 255\n" + b" ".join(b"%d" % value for value in np.dstack([film()] * 3).ravel()),
}


@pytest.mark.parametrize("name", NETPBM)
def test_pgm_and_ppm_are_read(name):
    picture = deep(12) / 4095 if "12" in name else film() / 255
    radiograph = read(NETPBM[name])
    np.testing.assert_allclose(radiograph.brightness, picture, atol=1e-5)
    assert radiograph.facts.format in ("PGM", "PPM")


def test_pbm_is_black_where_its_bits_are_set():
    bits = film() > 128
    for data in (
        b"P4 60 72\n" + np.packbits(~bits, axis=1).tobytes(),
        b"P1 60 72\n" + b"\n".join(b"".join(b"%d" % (not bit) for bit in row) for row in bits),
    ):
        np.testing.assert_array_equal(read(data).brightness, bits)


@pytest.mark.parametrize("name", NETPBM)
def test_a_netpbm_file_cut_short_is_refused(name):
    assert refusal(NETPBM[name][:-9]).code is Code.TRUNCATED


def test_several_pictures_in_one_pgm_are_refused():
    assert refusal(NETPBM["P5 8 bit"] * 2).code is Code.MULTI_PAGE


def test_values_above_the_highest_that_a_pgm_names_are_refused():
    assert refusal(b"P5 60 72 100\n" + film().tobytes()).code is Code.DAMAGED


@pytest.mark.parametrize("data", [dicom(), png(), tiff(), jpeg(), bmp(), NETPBM["P5 8 bit"]])
def test_a_gzipped_film_is_the_film(data):
    packed = gzip.compress(data)
    np.testing.assert_array_equal(read(packed).brightness, read(data).brightness)
    assert sniff(packed[:4096]) == sniff(data[:4096])
    assert read(packed).facts.format.endswith("in gzip")
    assert refusal(packed[: len(packed) // 2]).code is Code.TRUNCATED
    assert refusal(packed[:-8] + bytes(8)).code is Code.DAMAGED


def test_a_gzipped_text_is_no_image():
    assert sniff(gzip.compress(b"just text " * 50)) is None


UNREAD = {
    "NIfTI": struct.pack("<i", 348) + bytes(340) + b"n+1\0",
    "PDF": b"%PDF-1.7\n",
    "NumPy": b"\x93NUMPY\x01\0",
    "HDF5": b"\x89HDF\r\n\x1a\n",
    "MetaImage": b"ObjectType = Image\nNDims = 2\n",
    "NRRD": b"NRRD0004\n",
    "GIF": b"GIF89a",
    "WebP": b"RIFF\0\0\0\0WEBPVP8 ",
    "MATLAB": b"MATLAB 5.0 MAT-file",
    "OpenEXR": b"v/1\x01",
    "FITS": b"SIMPLE  =                    T",
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "HEIF": b"\0\0\0\x18ftypheic",
    "AVIF": b"\0\0\0\x18ftypavif",
    "video": b"\0\0\0\x18ftypisom",
    "PCX": b"\x0a\x05\x01\x08",
    "DjVu": b"AT&TFORM",
    "QOI": b"qoif",
    "BPG": b"BPG\xfb",
    "Sun raster": b"\x59\xa6\x6a\x95",
    "Interfile": b"!INTERFILE :=\n",
    "VTK": b"# vtk DataFile Version 3.0\n",
    "big-endian BigTIFF": b"MM\0+\0\x08\0\0",
}


@pytest.mark.parametrize("head", [b"RIFF\0\0\0\0AVI LIST", b"\x1a\x45\xdf\xa3", b"\0\0\0\x14ftypqt  "])
def test_a_film_of_moving_pictures_is_named_as_video(head):
    assert str(refusal(head + bytes(600))) == "video is not supported: convert it to PNG or JPEG"


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_a_format_that_holds_pictures_but_is_not_read_is_named(name, pack):
    data = pack(UNREAD[name] + bytes(600))
    error = refusal(data)
    assert (error.code, error.code.status) == (Code.UNSUPPORTED_FORMAT, "failed")
    assert name in str(error)
    assert "convert it" in str(error)
    assert sniff(data[:4096]) == name


@pytest.mark.parametrize(
    "name",
    [
        "scan.nii",
        "scan.nii.gz",
        "film.DCM.gz",
        "film.pgm",
        "volume.mha",
        "volume.nrrd",
        "a.pdf",
        "a.npy",
        "a.npz",
        "a.h5",
        "a.HDF5",
        "a.svs",
        "a.avi",
        "a.mp4",
        "a.heic",
        "a.jp2",
        "a.webp",
    ],
)
def test_names_of_such_files_are_those_of_images(name):
    assert named_as_image(name)


@pytest.mark.parametrize("kind", [b"P1", b"P2", b"P3"])
def test_plain_netpbm_may_hold_comments_anywhere(kind):
    values = film() >> 7 if kind == b"P1" else film()
    samples = np.repeat(values, 3 if kind == b"P3" else 1, axis=1)
    head = kind + b" # of 1 film\n60 # columns\n72\n" + (b"" if kind == b"P1" else b"255\n")
    body = b"\n".join(b" ".join(b"%d" % value for value in row) + b" # row 1" for row in samples)
    expected = 1 - values if kind == b"P1" else values / 255
    np.testing.assert_allclose(read(head + body).brightness, expected, atol=1e-5)


@pytest.mark.parametrize("highest", [1, 2, 100, 255, 256, 1000, 4095, 40_000, 65_534, 65_535])
@pytest.mark.parametrize("kind", [b"P2", b"P3", b"P5", b"P6"])
def test_the_highest_value_of_netpbm_is_white(highest, kind):
    values = np.rint(deep(16) / 65535 * highest).astype(np.uint16)
    samples = np.repeat(values, 3 if kind in (b"P3", b"P6") else 1, axis=1)
    packed = samples.astype(">u2" if highest > 255 else "u1").tobytes()
    body = packed if kind in (b"P5", b"P6") else b" ".join(b"%d" % value for value in samples.flat)
    brightness = read(kind + b"\n60 72\n%d\n" % highest + body).brightness
    np.testing.assert_allclose(brightness, values / highest, atol=1e-4)
    assert 0 <= brightness.min() <= brightness.max() <= 1


def test_a_header_whose_lines_end_in_two_bytes_does_not_shift_the_film():
    data = b"P5\r\n60 72\r\n4095\r\n" + deep(12).astype(">u2").tobytes()
    np.testing.assert_allclose(read(data).brightness, deep(12) / 4095, atol=1e-5)


def test_a_gzip_file_of_several_members_is_one_film():
    data = png()
    packed = gzip.compress(data[:99]) + gzip.compress(data[99:]) + bytes(512)
    np.testing.assert_array_equal(read(packed).brightness, read(data).brightness)
    assert refusal(packed[:-530]).code is Code.TRUNCATED

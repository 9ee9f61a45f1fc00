"""Formats are told by content; names are only names."""

import films
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from xrayscan.decode import decode, named_as_image, sniff
from xrayscan.errors import DecodeError


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (films.jpeg(films.film()), "JPEG"),
        (films.png(), "PNG"),
        (films.tiff(), "TIFF"),
        (films.bmp(), "BMP"),
        (films.dicom(), "DICOM"),
        (b"GIF89a" + bytes(20), "GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF"),
        (b"", None),
        (b"BMW is a car, not a bitmap", None),
        (b"Dear colleague, please find attached", None),
        (b"PK\x03\x04" + bytes(40), None),
        (b"%PDF-1.7\n", "PDF"),
        (bytes(200), None),
    ],
)
def test_a_format_is_told_by_its_first_bytes(data, name):
    assert sniff(data[:4096]) == name


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_data_set_without_preamble_is_dicom(syntax):
    data = films.dicom(syntax=syntax, preamble=False)
    assert data[128:132] != b"DICM"
    assert sniff(data[:4096]) == "DICOM"


def test_file_meta_information_without_preamble_is_dicom():
    data = films.dicom()[132:]
    assert sniff(data) == "DICOM"
    assert decode(data, at_least=8).facts.sop_uid == "1.2.3.4.7"


def test_a_tiff_head_in_the_preamble_does_not_hide_the_dicom():
    assert sniff(b"II*\0" + films.dicom()[4:4096]) == "DICOM"


@pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "x.JfIf", "d.dcm", "d.IMA", "e.tiff", "f.Webp", "dir.x/y.bmp"])
def test_image_names_are_known_by_extension_in_any_case(name):
    assert named_as_image(name)


@pytest.mark.parametrize("name", ["notes.txt", "jpg", "a.jpg.txt", ".DS_Store", "image", "x.json"])
def test_other_names_are_not_images(name):
    assert not named_as_image(name)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GIF89a" + bytes(20), "GIF is not supported: convert it to PNG or JPEG"),
        (b"just text", "not an image in a known format"),
        (b"", "empty file"),
    ],
)
def test_what_is_not_read_says_what_it_is(data, reason):
    with pytest.raises(DecodeError, match=reason):
        decode(data, at_least=8)

"""How a data set and its frame lie in the file, against what the file says of it."""

import gzip
import os
import struct
import zipfile
import zlib

import numpy as np
import pytest
from films import NATIVE, compressed, dicom, film, read, refusal
from pydicom import uid

from xrayscan.decode import Limits, decode
from xrayscan.decode.dicom import patient
from xrayscan.decode.flags import Flag
from xrayscan.errors import Code, DecodeError

FILM = film(bits=12)
KINDS = [uid.RLELossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless, uid.JPEGBaseline8Bit]
DEFLATED = str(uid.DeflatedExplicitVRLittleEndian)


def framed(syntax, fragments, **elements):
    bits = 8 if syntax == uid.JPEGBaseline8Bit else 12
    items = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(fragment)) + fragment for fragment in fragments)
    value = items + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return dicom(film(bits=bits), syntax, bits=bits, PixelData=value, **elements)


def stream_of(syntax):
    bits = 8 if syntax == uid.JPEGBaseline8Bit else 12
    stream = compressed(film(bits=bits), syntax, bits)
    return stream + b"\0" * (len(stream) % 2)


@pytest.mark.parametrize("syntax", KINDS)
@pytest.mark.parametrize("offsets", [[], [0], [1234], [0xFFFFFFFF], [0, 60], None])
@pytest.mark.parametrize("pieces", [1, 2])
def test_a_frame_is_read_whatever_its_offset_table_says(pieces, offsets, syntax):
    stream = stream_of(syntax)
    table = [] if offsets is None else [struct.pack(f"<{len(offsets)}I", *offsets)]
    cut = len(stream) // 4 * 2
    expected = read(framed(syntax, [b"", stream])).brightness
    radiograph = read(framed(syntax, [*table, *([stream] if pieces == 1 else [stream[:cut], stream[cut:]])]))
    assert np.array_equal(radiograph.brightness, expected)


@pytest.mark.parametrize("syntax", KINDS)
def test_an_extended_offset_table_that_is_wrong_changes_nothing(syntax):
    table = {"ExtendedOffsetTable": struct.pack("<Q", 999), "ExtendedOffsetTableLengths": struct.pack("<Q", 6)}
    stream = stream_of(syntax)
    expected = read(framed(syntax, [b"", stream])).brightness
    assert np.array_equal(read(framed(syntax, [b"", stream], **table)).brightness, expected)


@pytest.mark.parametrize("syntax", KINDS)
def test_two_frames_under_a_header_of_one_are_refused(syntax):
    stream = stream_of(syntax)
    assert refusal(framed(syntax, [b"", stream, stream])).code is Code.MULTI_FRAME


@pytest.mark.parametrize("syntax", KINDS)
def test_a_frame_that_was_not_encapsulated_is_read(syntax):
    stream = stream_of(syntax)
    expected = read(framed(syntax, [b"", stream])).brightness
    framed_so = framed(syntax, [b"", stream])
    at = framed_so.rindex(b"\xe0\x7f\x10\x00OB")
    radiograph = read(framed_so[: at + 8] + struct.pack("<I", len(stream)) + stream)
    assert np.array_equal(radiograph.brightness, expected)
    assert radiograph.flags == (Flag.SYNTAX,)


@pytest.mark.parametrize("cut", [1, 28, 64, 127, 128])
def test_a_preamble_of_which_a_part_was_cut_off_is_put_back(cut):
    assert np.array_equal(read(dicom(FILM)[cut:]).brightness, read(dicom(FILM)).brightness)


def renamed(data, said):
    """The file with another transfer syntax in its file meta information."""
    at = data.index(b"\x02\x00\x10\x00UI")
    end = at + 8 + struct.unpack_from("<H", data, at + 6)[0]
    said = said.encode() + b"\0" * (len(said) % 2)
    return data[:at] + b"\x02\x00\x10\x00UI" + struct.pack("<H", len(said)) + said + data[end:]


@pytest.mark.parametrize("said", NATIVE[:3])
@pytest.mark.parametrize("true", NATIVE[:3])
def test_a_data_set_is_read_as_its_first_element_stands(true, said):
    radiograph = read(renamed(dicom(FILM, true), str(said)))
    assert np.array_equal(radiograph.brightness, read(dicom(FILM)).brightness)
    is_swapped = uid.ExplicitVRBigEndian in (true, said) and true != said
    assert radiograph.flags == ((Flag.SYNTAX,) if is_swapped else ())


def test_a_data_set_that_is_not_deflated_is_read_as_it_stands():
    radiograph = read(renamed(dicom(FILM), DEFLATED))
    assert np.array_equal(radiograph.brightness, read(dicom(FILM)).brightness)


def parts(data):
    """The file meta information, and the data set that was deflated behind it."""
    start = 132 + 12 + int.from_bytes(data[140:144], "little")
    return data[:start], zlib.decompress(data[start:], -zlib.MAX_WBITS)


def test_a_data_set_deflated_as_zlib_does_is_read():
    meta, plain = parts(dicom(FILM, DEFLATED))
    assert np.array_equal(read(meta + zlib.compress(plain)).brightness, read(dicom(FILM)).brightness)


META = {
    "as written": lambda meta: meta,
    "without its length": lambda meta: meta[:132] + meta[144:],
    "of another length": lambda meta: meta[:140] + struct.pack("<I", 10) + meta[144:],
    "without preamble": lambda meta: meta[132:],
}


@pytest.mark.parametrize("change", META.values(), ids=META)
def test_what_inflates_too_far_is_refused_whatever_its_meta_information_looks_like(change):
    meta, plain = parts(dicom(FILM, DEFLATED))
    assert np.array_equal(read(change(meta) + deflated(plain)).brightness, read(dicom(FILM)).brightness)
    bomb = change(meta) + deflated(plain + struct.pack("<HH2sHI", 0x7FE1, 0x10, b"OB", 0, 1 << 30), zeros=2)
    with pytest.raises(DecodeError) as caught:
        decode(bomb, at_least=8, limits=Limits(max_inflated_bytes=1 << 20))
    assert caught.value.code is Code.INFLATES_TOO_FAR


def deflated(plain, zeros=0):
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    pieces = [deflater.compress(plain), *(deflater.compress(bytes(1 << 20)) for _ in range(zeros)), deflater.flush()]
    return b"".join(pieces)


def test_meta_information_that_cannot_be_followed_inflates_nothing():
    meta, plain = parts(dicom(FILM, DEFLATED))
    for odd in (meta[:136] + b"\0\0" + meta[138:], meta[:132] + b"\x02\0\x02\x01OB\0\0\xff\xff\xff\xff" + meta[132:]):
        assert refusal(odd + deflated(plain)).code is Code.DAMAGED


def test_a_patient_is_told_however_the_file_is_packed_and_nothing_inflates_too_far(tmp_path, monkeypatch):
    monkeypatch.setattr(patient, "DEFAULT_LIMITS", Limits(max_inflated_bytes=1 << 20))
    meta, plain = parts(dicom(FILM, DEFLATED))
    files = {"sound": plain, "bomb": plain + struct.pack("<HH2sHI", 0x7FE1, 0x10, b"OB", 0, 2 << 20) + bytes(2 << 20)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(meta + deflated(content))
    for cut in (0, 64, 128):
        (tmp_path / f"cut-{cut}").write_bytes(dicom(FILM)[cut:])
    (tmp_path / "packed.dcm.gz").write_bytes(gzip.compress(dicom(FILM)))
    with zipfile.ZipFile(tmp_path / "ward.zip", "w") as archive:
        archive.writestr("a.dcm", dicom(FILM))
        archive.writestr("b.dcm", dicom(FILM, PatientID="ANOTHER"))
        archive.writestr("c", b"no film")
    names = ("sound", "bomb", "cut-0", "cut-64", "cut-128", "packed.dcm.gz", "ward.zip!/a.dcm", "ward.zip!/b.dcm")
    numbers = patient.number_patients([str(tmp_path / name) for name in (*names, "ward.zip!/c")])
    assert numbers == [0, None, 0, 0, 0, 0, 0, 1, None]


def test_a_pipe_that_is_named_as_a_film_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.dcm")
    assert patient.number_patients([str(tmp_path / "a.dcm")]) == [None]

"""Other readers beside ours: pydicom, GDCM through pydicom, dcmtk's dcmj2pnm and Pillow make the same picture.

Where ours differs on purpose, a flag says so: a window that does not fit, a header that was repaired.
"""

import functools
import io
import itertools
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from films import NATIVE, compressed, dicom, film
from PIL import Image
from pydicom.data.data_manager import DATA_ROOT, external_data_sources
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from xrayscan.decode import decode
from xrayscan.decode.flags import Flag
from xrayscan.errors import Code, DecodeError

ALIKE = 0.999
# Why ours may differ from readers that follow the header to the letter.
ON_PURPOSE = {
    Flag.WINDOW: "a window that saturates more than half of the film is passed over",
    Flag.VOI_LUT: "a table is read as its data are, not as its descriptor says",
    Flag.VOI_LUT_UNUSABLE: "a table that leaves no picture is passed over",
    Flag.OUTLIERS: "a dead pixel does not take the range of brightness",
    Flag.BITS: "values deeper than bits stored are kept",
    Flag.SIGN: "values that jump at mid-grey have the other sign",
    Flag.POLARITY: "Presentation LUT Shape is the last word, of which pydicom knows nothing",
    Flag.UPRIGHT: "a film that lies on its side is turned",
    Flag.ONE_LEVEL: "one level is black",
}
# What is no single film of grey or colour, or is missing a part.
NO_FILM = {
    Code.NO_PIXELS,
    Code.MULTI_FRAME,
    Code.DICOM_DIRECTORY,
    Code.UNSUPPORTED_VALUES,
    Code.UNSUPPORTED_ENCODING,
    Code.TRUNCATED,
    Code.DAMAGED,
    Code.HEADER,
    Code.NOT_AN_IMAGE,
    Code.MISNAMED,
}


def correlation(ours, theirs):
    theirs = np.asarray(theirs, np.float64)
    if np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return 1.0 if np.ptp(ours) == np.ptp(theirs) == 0 else 0.0
    return np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]


def by_pydicom(data):
    """What the standard's pipeline, as pydicom has it, makes of a single image."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        values = dataset.pixel_array
        photometric = dataset.PhotometricInterpretation
        if photometric == "PALETTE COLOR":
            values = apply_color_lut(values, dataset)
        if values.ndim == 3:  # RGB, whatever was stored
            return np.rint(values @ [0.299, 0.587, 0.114])  # as ours, of 8 bits
        shown = apply_voi_lut(apply_modality_lut(values, dataset), dataset).astype(np.float64)
        return -shown if photometric == "MONOCHROME1" else shown


def as_radiograph(data):
    """The same file as a radiograph, whatever it shows: slices have pixels too."""
    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    dataset.Modality = "DX"
    out = io.BytesIO()
    dataset.save_as(out)
    return out.getvalue()


SIZE = (36, 32)
BITS = (8, 10, 12, 14, 16)
WINDOWS = {"none": (), "inside": (0.5, 0.9), "wide": (0.5, 1.2), "high": (0.6, 0.8)}
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
)
RESCALES = ((), (1, -1024), (0.5, 100))


def combination(bits, high_bit, signed, photometric, window, function, rescale, syntax, **extra):
    """One generated film: stored values, header, codestream."""
    lowest = -(1 << (bits - 1)) if signed else 0
    elements = {"PhotometricInterpretation": photometric, "HighBit": high_bit} | extra
    slope, intercept = rescale or (1, 0)
    if rescale:
        elements |= {"RescaleSlope": slope, "RescaleIntercept": intercept}
    if window:
        levels = 1 << bits
        elements |= {
            "WindowCenter": round(slope * (lowest + window[0] * levels) + intercept, 2),
            "WindowWidth": round(slope * window[1] * levels, 2),
            "VOILUTFunction": function,
        }
    stored, stream = pixels(bits, high_bit, signed, syntax)
    return dicom(stored, syntax, bits=bits, stream=stream, **elements)


@functools.cache
def pixels(bits, high_bit, signed, syntax):
    """Stored values and their codestream, which takes longest to make and serves many headers."""
    values = film(*SIZE, bits=bits).astype(np.int64) - (1 << (bits - 1) if signed else 0)
    stored = (values << (high_bit + 1 - bits)).astype(f"{'i' if signed else 'u'}{1 if bits == 8 else 2}")
    return stored, None if syntax in NATIVE else compressed(stored, syntax, bits)


def grid():
    for bits, signed, photometric, window, rescale, syntax in itertools.product(
        BITS, (False, True), ("MONOCHROME1", "MONOCHROME2"), WINDOWS.values(), RESCALES, SYNTAXES
    ):
        for function in FUNCTIONS if window else ("LINEAR",):
            high_bits = {bits - 1, 15} if bits > 8 and syntax in SYNTAXES[:2] and not window else {bits - 1}
            for high_bit in sorted(high_bits):
                yield bits, high_bit, signed, photometric, window, function, rescale, syntax


@pytest.mark.parametrize("every", [23, pytest.param(1, marks=pytest.mark.slow)])
def test_thousands_of_generated_films_read_as_pydicom_and_gdcm_read_them(every):
    count = 0
    for case in itertools.islice(grid(), 0, None, every):
        data = combination(*case)
        radiograph = decode(data, at_least=8)
        assert radiograph.flags == (), case
        bits, high_bit, _, photometric, *_ = case
        if high_bit == bits - 1:
            assert correlation(radiograph.brightness, by_pydicom(data)) > ALIKE, case
        else:  # pydicom leaves such values where they are
            sign = -1 if photometric == "MONOCHROME1" else 1
            assert correlation(radiograph.brightness, sign * film(*SIZE, bits=bits).astype(float)) > ALIKE, case
        count += 1
    assert count * every >= 2000


NEEDS_DCMTK = pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="needs dcmj2pnm of Debian's package dcmtk")


def by_dcmtk(data, folder):
    """What dcmj2pnm shows: the first VOI LUT or window, else the range of values; None where it shows nothing."""
    (folder / "film.dcm").write_bytes(data)
    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    voi = ["+Wl", "1"] if "VOILUTSequence" in dataset else ["+Wi", "1"] if "WindowCenter" in dataset else ["+Wm"]
    command = ["dcmj2pnm", *voi, "+op", str(folder / "film.dcm"), str(folder / "film.pgm")]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        return None
    with Image.open(folder / "film.pgm") as image:
        return np.asarray(image, np.float64)


@NEEDS_DCMTK
@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, JPEGLosslessSV1])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("shape", [None, "IDENTITY", "INVERSE"])
def test_dcmtk_shows_the_same_picture(syntax, photometric, shape, tmp_path):
    extra = {"PresentationLUTShape": shape} if shape else {}
    for signed, window in ((False, "inside"), (True, "none")):
        data = combination(12, 11, signed, photometric, WINDOWS[window], "LINEAR", (), syntax, **extra)
        theirs = by_dcmtk(data, tmp_path)
        assert correlation(decode(data, at_least=8).brightness, theirs) > ALIKE


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_codestream_alone_is_what_its_codec_reads(bits):
    picture = film(*SIZE, bits=bits)
    data = dicom(picture, JPEG2000Lossless, bits=bits, stream=compressed(picture, JPEG2000Lossless, bits))
    assert correlation(decode(data, at_least=8).brightness, picture) > 0.9999


def of_pydicom():
    """What pydicom brings, and pydicom-data where it is installed, each as (name, bytes, what we make of it).

    pydicom's own function for this fetches what is missing from the network.
    """
    folders = [DATA_ROOT, *external_data_sources().values()]
    folders = [Path(getattr(folder, "data_path", folder)) for folder in folders]
    for path in sorted({path for folder in folders for path in folder.rglob("*.dcm")}):
        try:
            data = as_radiograph(path.read_bytes())
        except Exception:
            continue  # pydicom cannot write it again
        try:
            yield path.name, data, decode(data, at_least=8)
        except DecodeError as error:
            yield path.name, data, error


def compare(references):
    """Compare with other readers; return the number that were, what differs without a flag, and what was refused."""
    compared, unlike, refused = 0, {}, {}
    for name, data, ours in of_pydicom():
        if isinstance(ours, DecodeError):
            refused[name] = ours.code
            continue
        if set(ours.flags) & set(ON_PURPOSE):
            continue
        try:
            theirs = references(data)
        except Exception:
            continue  # the other reader gives up
        if theirs is not None and theirs.shape == ours.brightness.shape:
            compared += 1
            found = correlation(ours.brightness, theirs)
            if not found > ALIKE:
                unlike[name] = round(float(found), 4)
    return compared, unlike, refused


@pytest.mark.filterwarnings("ignore")
def test_every_dicom_of_pydicom_reads_as_pydicom_reads_it_or_says_why_not():
    compared, unlike, refused = compare(by_pydicom)
    assert unlike == {}
    assert compared >= 20
    assert set(refused.values()) <= NO_FILM, refused


@NEEDS_DCMTK
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_dicom_of_pydicom_that_dcmtk_can_show_looks_the_same(tmp_path):
    compared, unlike, _ = compare(lambda data: by_dcmtk(data, tmp_path))
    assert set(unlike) <= {"examples_overlay.dcm"}  # dcmj2pnm draws overlays into it
    assert compared >= 10

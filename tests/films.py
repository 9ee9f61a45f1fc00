"""Builds small films and writes them in every format under test; nothing is read from disk but the shared data."""

import io
import warnings
from pathlib import Path
from typing import Any

import jpeg_ls
import numpy as np
import numpy.typing as npt
import pytest
import simplejpeg
from jpeg_encoders import extended_jpeg, lossless_jpeg
from openjpeg.utils import encode_array as encode_j2k
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders import RLELosslessEncoder

from xrayscan.decode import Radiograph, decode
from xrayscan.errors import DecodeError

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
NEEDS_SHARED_DATA = f"needs the radiographs of {SHARED_DATA}, which are not part of the repository"

DX = "1.2.840.10008.5.1.4.1.1.1.1"
NATIVE = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
]
LOSSLESS = [uid.RLELossless, uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless]
LOSSY_16 = [uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000]  # those that carry 12 bits

Film = npt.NDArray[np.integer]


def read(data: bytes) -> Radiograph:
    return decode(data, at_least=8)


def refusal(data: bytes) -> DecodeError:
    """The error with which it is not read."""
    with pytest.raises(DecodeError) as caught:
        read(data)
    return caught.value


def film(rows: int = 72, columns: int = 60, bits: int = 8) -> Film:
    """A dark field with two lungs, a bright spine and a little noise: smooth as films are, and not symmetric."""
    y, x = np.mgrid[:rows, :columns] / max(rows, columns)
    lungs = np.exp(-(((x - 0.2) / 0.1) ** 2) - ((y - 0.5) / 0.3) ** 2)
    lungs += 0.8 * np.exp(-(((x - 0.6) / 0.12) ** 2) - ((y - 0.45) / 0.3) ** 2)
    shade = 0.55 + 0.35 * np.exp(-(((x - 0.4) / 0.05) ** 2)) - 0.4 * lungs + 0.08 * y
    shade += np.random.default_rng(7).normal(0, 0.004, shade.shape)
    return np.rint(np.clip(shade, 0, 1) * ((1 << bits) - 1)).astype(np.uint8 if bits <= 8 else np.uint16)


def jpeg(picture: Film | None = None, **options: Any) -> bytes:
    """Write a JPEG through Pillow; ``options`` are Pillow's: quality, progressive, restart_marker_rows, exif, …"""
    picture = film(480, 400) if picture is None else picture
    return _saved(Image.fromarray(picture), "JPEG", **{"quality": 90, **options})


def png(picture: Film | None = None, mode: str | None = None, **options: Any) -> bytes:
    image = Image.fromarray(film() if picture is None else picture)
    return _saved(image.convert(mode) if mode else image, "PNG", **options)


def tiff(picture: Film | None = None, **options: Any) -> bytes:
    return _saved(Image.fromarray(film() if picture is None else picture), "TIFF", **options)


def bmp(picture: Film | None = None) -> bytes:
    return _saved(Image.fromarray(film() if picture is None else picture), "BMP")


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def dicom(
    picture: Film | None = None,
    syntax: str = uid.ExplicitVRLittleEndian,
    *,
    bits: int = 12,
    preamble: bool = True,
    drop: tuple[str, ...] = (),
    stream: bytes | None = None,
    **elements: Any,
) -> bytes:
    """Write a DX object. ``picture`` holds stored values; ``elements`` are set last, ``drop`` is deleted after them.

    ``stream`` replaces the compressed frame.
    """
    picture = film(bits=bits) if picture is None else picture
    dataset = _header(picture, bits, syntax)
    if syntax in NATIVE:
        order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
        raw = picture.astype(picture.dtype.newbyteorder(order)).tobytes()
        dataset.PixelData = raw + b"\0" * (len(raw) % 2)
        dataset["PixelData"].VR = "OW" if picture.itemsize > 1 else "OB"
    else:
        stream = compressed(picture, syntax, bits) if stream is None else stream
        dataset.PixelData = encapsulate([stream])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        for keyword in drop:
            delattr(dataset, keyword)
        return written(dataset, syntax, preamble=preamble)


def written(dataset: Dataset, syntax: str = uid.ExplicitVRLittleEndian, *, preamble: bool = True) -> bytes:
    """Write any data set as a DICOM file; without preamble also without file meta information."""
    out = io.BytesIO()
    if preamble:
        dataset.save_as(out, enforce_file_format=True)
    else:
        del dataset.file_meta
        dataset.save_as(
            out, implicit_vr=syntax == uid.ImplicitVRLittleEndian, little_endian=syntax != uid.ExplicitVRBigEndian
        )
    return out.getvalue()


def header(syntax: str = uid.ExplicitVRLittleEndian, sop_class: str = DX) -> Dataset:
    """An object without pixels, whose person must never be seen again."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.7"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, "1.2.3.4.7"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.4.5", "1.2.3.4.6"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "DOE^SECRET", "SECRET-ID", "20190203"
    dataset.Modality = "DX"
    return dataset


def _header(picture: Film, bits: int, syntax: str) -> Dataset:
    dataset = header(syntax)
    dataset.ViewPosition = "PA"
    dataset.Rows, dataset.Columns = picture.shape[:2]
    dataset.SamplesPerPixel = 1 if picture.ndim == 2 else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if picture.ndim == 2 else "RGB"
    if picture.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * picture.itemsize, bits, bits - 1
    dataset.PixelRepresentation = int(picture.dtype.kind == "i")
    return dataset


def compressed(picture: Film, syntax: str, bits: int = 12) -> bytes:
    """Return the codestream of one frame in a compressed transfer syntax."""
    # JPEG and JPEG-LS know no sign: a signed value is carried as its bit pattern.
    unsigned = (picture.view(f"u{picture.itemsize}") & ((1 << bits) - 1)).astype(f"u{picture.itemsize}")
    if syntax == uid.RLELossless:
        return _rle(picture, bits)
    if syntax == uid.JPEGBaseline8Bit:
        colours = "GRAY" if picture.ndim == 2 else "RGB"
        return simplejpeg.encode_jpeg(np.atleast_3d(picture), 95, colours, "Gray" if picture.ndim == 2 else "444")
    if syntax == uid.JPEGExtended12Bit:
        return extended_jpeg(unsigned, bits)
    if syntax in (uid.JPEGLossless, uid.JPEGLosslessSV1):
        return lossless_jpeg(unsigned, bits, predictor=1 if syntax == uid.JPEGLosslessSV1 else 7)
    if syntax in (uid.JPEGLSLossless, uid.JPEGLSNearLossless):
        return bytes(jpeg_ls.encode_array(unsigned, lossy_error=2 * (syntax == uid.JPEGLSNearLossless)))
    ratios = {"compression_ratios": [4]} if syntax == uid.JPEG2000 else {}
    colours = {"photometric_interpretation": 2 if picture.ndim == 2 else 1, "use_mct": False}
    return encode_j2k(picture, bits_stored=bits, **colours, **ratios)


def _rle(picture: Film, bits: int) -> bytes:
    return RLELosslessEncoder.encode(
        picture.tobytes(),
        rows=picture.shape[0],
        columns=picture.shape[1],
        number_of_frames=1,
        samples_per_pixel=1 if picture.ndim == 2 else 3,
        bits_allocated=8 * picture.itemsize,
        bits_stored=bits,
        pixel_representation=int(picture.dtype.kind == "i"),
        photometric_interpretation="MONOCHROME2" if picture.ndim == 2 else "RGB",
        planar_configuration=0,
        encoding_plugin="pydicom",
    )

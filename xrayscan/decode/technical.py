"""How a film is stored, beyond its picture: depth, channels, how hard it was compressed. None of it names a person."""

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image
from pydicom import dcmread

from xrayscan.decode.dicom.read import header_kept_private
from xrayscan.decode.sniff import is_dicom
from xrayscan.sources.reading import HEAD_BYTES

_BITS_PER_SAMPLE = 258  # TIFF 6.0 tag
_DICOM = ["BitsStored", "SamplesPerPixel"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """``bits`` are per sample, as stored; 0 where the file does not say."""

    bits: int = 0
    channels: int = 0
    quantiser: float = 0.0  # mean step of a JPEG's luma table: larger is coarser; 0 for other formats
    progressive: bool = False  # JPEG and PNG


def encoding(data: bytes) -> Encoding:
    """Return how a file that can be decoded is stored; what its header does not say is 0.

    Source: PNG (3rd edition) section 11.2.1 (depth); ITU-T T.81 B.2.4.1 (quantisation tables); DICOM PS3.3 C.7.6.3.
    """
    try:
        if is_dicom(data[:HEAD_BYTES]):
            return _dicom(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that is not used
            with Image.open(io.BytesIO(data)) as image:
                return _raster(data, image)
    except Exception:  # as in decode: codecs raise nearly everything; the film itself was read
        return Encoding()


def _dicom(data: bytes) -> Encoding:
    with header_kept_private():
        dataset = dcmread(io.BytesIO(data), stop_before_pixels=True, specific_tags=list(_DICOM), force=True)
        bits, channels = (int(dataset.get(tag) or 0) for tag in _DICOM)
    return Encoding(bits, channels)


def _raster(data: bytes, image: Image.Image) -> Encoding:
    channels = len(image.getbands())
    if image.format == "JPEG":
        luma = getattr(image, "quantization", {}).get(0, [0])
        return Encoding(8, channels, float(np.mean(luma)), bool(image.info.get("progressive")))
    if image.format == "PNG":
        return Encoding(data[24], channels, progressive=bool(data[28]))
    if image.format == "TIFF":
        depth = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (1,))
        return Encoding(int(depth[0]), channels)
    return Encoding(1 if image.mode == "1" else 8, channels)

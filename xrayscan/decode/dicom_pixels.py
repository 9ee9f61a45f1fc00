"""The stored pixel values of a DICOM data set, every one of them or none.

pydicom tries one codec after another until one returns something, and the laxer ones fill what is missing. So each
transfer syntax has one codec here, chosen because it refuses truncated data, or is watched while it decodes.
"""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from xrayscan.decode import j2k_stream, jpeg_checks, jpeg_stream
from xrayscan.decode.codec_stderr import captured_stderr
from xrayscan.decode.jpeg import grey_hw
from xrayscan.errors import DecodeError

Values = npt.NDArray[Any]  # integers as stored, (H, W) or (H, W, 3)

# Transfer syntax → what the record's format calls it.
COMPRESSIONS: dict[str, str] = {
    RLELossless: "RLE",
    JPEGBaseline8Bit: "JPEG",
    JPEGExtended12Bit: "JPEG",
    JPEGLossless: "JPEG lossless",
    JPEGLosslessSV1: "JPEG lossless",
    JPEGLSLossless: "JPEG-LS",
    JPEGLSNearLossless: "JPEG-LS",
    JPEG2000Lossless: "JPEG 2000",
    JPEG2000: "JPEG 2000",
    HTJ2KLossless: "HTJ2K",
    HTJ2KLosslessRPCL: "HTJ2K",
    HTJ2K: "HTJ2K",
}
# Transfer syntax → the decoder and its one plugin. GDCM reads the process from the stream itself; pydicom keeps it
# from 12-bit extended JPEG, which old versions got wrong, so that is announced as the lossless process.
_DECODERS: dict[str, tuple[UID, str]] = {
    RLELossless: (RLELossless, "pylibjpeg"),
    JPEGExtended12Bit: (JPEGLossless, "gdcm"),
    JPEGLossless: (JPEGLossless, "gdcm"),
    JPEGLosslessSV1: (JPEGLosslessSV1, "gdcm"),
    JPEGLSLossless: (JPEGLSLossless, "pyjpegls"),
    JPEGLSNearLossless: (JPEGLSNearLossless, "pyjpegls"),
    **{syntax: (syntax, "pylibjpeg") for syntax in (JPEG2000Lossless, JPEG2000)},
    **{syntax: (syntax, "pylibjpeg") for syntax in (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)},
}
_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
_AS_STORED: dict[str, Any] = {"view_only": True, "correct_unused_bits": False}  # no copy; bits are cut off here
_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_END_MARKER = b"\xff\xd9"  # of JPEG, JPEG-LS and JPEG 2000 alike; one byte of any padding may follow, or zeros
_HOLE = bytes(512)  # arithmetic-coded data hold no such run; a JPEG 2000 decoder cannot tell and goes on
_STRAY_AT_END = re.compile(r"Corrupt JPEG data: ([1-4]) extraneous bytes before marker 0xd9")


def is_monochrome(dataset: Dataset) -> bool:
    """Whether one stored value is one grey level."""
    return dataset.get("PhotometricInterpretation", "").strip() in _MONOCHROME


def read_pixels(dataset: Dataset, syntax: str) -> Values:
    """Return the stored values of the one frame: unsigned codes (H, W) if monochrome or palette, else RGB (H, W, 3).

    A code is the value with its unused bits cut off, and with its sign bit flipped if signed, so that codes have the
    order of the values. Colour that was JPEG-compressed comes as its luma (H, W).
    Raises: DecodeError if any pixel is missing, or the depth is beyond 16 bits.
    Source: PS3.5 sections 8.1.1 (bits) and A.4 (encapsulation); PS3.3 C.7.6.3 (image pixel module).
    """
    bits = _check_depth(dataset)
    if syntax not in COMPRESSIONS:
        _check_native_length(dataset)
        values = _decoded(dataset, UID(syntax), "")
        shift = int(dataset.get("HighBit", bits - 1)) + 1 - bits
    else:
        values = _decompressed(dataset, syntax)
        shift = int(dataset.get("HighBit", bits - 1)) + 1 - bits if syntax == RLELossless else 0
    if values.ndim == 3:
        return values
    return _codes(values, bits, max(shift, 0), is_signed=bool(dataset.get("PixelRepresentation")))


def _codes(values: Values, bits: int, shift: int, *, is_signed: bool) -> Values:
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    codes = native.view(f"u{native.dtype.itemsize}")
    if shift:
        codes = codes >> shift
    if bits < 8 * codes.dtype.itemsize:
        codes = codes & codes.dtype.type((1 << bits) - 1)
    if codes.dtype.itemsize > 2:
        codes = codes.astype(np.uint16)
    return codes ^ codes.dtype.type(1 << (bits - 1)) if is_signed else codes


def _check_depth(dataset: Dataset) -> int:
    allocated, bits = int(dataset.get("BitsAllocated") or 0), int(dataset.get("BitsStored") or 0)
    if allocated not in (8, 16, 32):
        raise DecodeError(f"DICOM with {allocated} bits allocated per pixel is not supported")
    bits = bits or allocated
    if not 1 <= bits <= min(allocated, 16):
        raise DecodeError(f"DICOM with {bits} bits stored per pixel is not supported")
    return bits


def _check_native_length(dataset: Dataset) -> None:
    samples = int(dataset.get("SamplesPerPixel") or 1)
    length = int(dataset.Rows) * int(dataset.Columns) * samples * int(dataset.BitsAllocated) // 8
    if dataset.get("PhotometricInterpretation") == "YBR_FULL_422":
        length = length // 3 * 2
    if len(dataset.PixelData or b"") < length:
        raise DecodeError("truncated DICOM: pixel data end early")


def _decompressed(dataset: Dataset, syntax: str) -> Values:
    """Raises: DecodeError unless the codec is content to the last byte."""
    stream = _fragments(dataset.PixelData)
    if syntax in (JPEGBaseline8Bit, JPEGExtended12Bit) and jpeg_stream.frame_of(stream).precision == 8:
        return _baseline(dataset, stream)
    _check_stream(dataset, syntax, stream)
    uid, plugin = _DECODERS[syntax]
    dataset.file_meta.TransferSyntaxUID = uid  # the decoder insists on its own
    with captured_stderr() as said:
        values = _decoded(dataset, uid, plugin)
    if any("Corrupt JPEG" in line or "remature end" in line for line in said if not _STRAY_AT_END.search(line)):
        raise DecodeError("truncated or damaged DICOM pixel data")
    return values


def _check_stream(dataset: Dataset, syntax: str, stream: bytes) -> None:
    """Raise DecodeError for what a codec would let pass, or would not survive."""
    if syntax == RLELossless:
        return
    if _END_MARKER not in stream.rstrip(b"\0")[-3:]:  # without one CharLS does not return
        raise DecodeError("truncated DICOM: pixel data end early")
    if syntax in JPEG2000TransferSyntaxes:
        _check_same_size(dataset, j2k_stream.size_of(stream))
        if not j2k_stream.is_complete(stream):
            raise DecodeError("truncated DICOM: pixel data end early")
        if _HOLE in stream:
            raise DecodeError("damaged DICOM: hole in the pixel data")
    elif _DECODERS[syntax][1] == "gdcm":
        _check_same_size(dataset, jpeg_stream.frame_of(stream).size)
        jpeg_checks.check_is_sound(stream)


def _decoded(dataset: Dataset, uid: UID, plugin: str) -> Values:
    try:
        values, _ = get_decoder(uid).as_array(dataset, index=0, decoding_plugin=plugin, **_AS_STORED)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # pylibjpeg-rle panics, as Rust does, with an exception that is no Exception
        raise DecodeError("truncated or damaged DICOM pixel data") from None
    return np.asarray(values)


def _fragments(value: bytes) -> bytes:
    """Join the fragments behind the offset table. Raises: DecodeError if one reaches beyond the end (PS3.5 A.4)."""
    fragments, at = [], 0
    while at + 8 <= len(value) and value[at : at + 4] == _ITEM:
        end = at + 8 + int.from_bytes(value[at + 4 : at + 8], "little")
        fragments.append(value[at + 8 : end])
        at = end
    if at > len(value) or len(fragments) < 2 or value[at : at + 4] not in (b"", _SEQUENCE_END):
        raise DecodeError("truncated DICOM: pixel data end early")
    return b"".join(fragments[1:])


def _check_same_size(dataset: Dataset, size: tuple[int, int]) -> None:
    if size != (dataset.Rows, dataset.Columns):
        raise DecodeError("damaged DICOM: its compressed image has another size than its header says")


def _baseline(dataset: Dataset, stream: bytes) -> Values:
    """Decode 8-bit DCT at full size, as strictly as a JPEG file; colour becomes its luma.

    Without an Adobe segment libjpeg takes three components for YCbCr; here the photometric interpretation decides.
    """
    _check_same_size(dataset, jpeg_stream.frame_of(stream).size)
    photometric = dataset.get("PhotometricInterpretation", "").strip()
    if b"Adobe\x00" not in stream[:4096] and photometric == "RGB":
        stream = stream[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00" + stream[2:]
    header = jpeg_stream.read_header(stream)
    return grey_hw(stream, header, max(header.rows, header.columns))


def colour_to_grey(dataset: Dataset, values: Values) -> npt.NDArray[np.float32]:
    """Return brightness (H, W) of RGB values or palette codes, by ITU-R BT.601 luma.

    Raises: DecodeError for a photometric interpretation that is no picture of one film, such as HSV.
    Source: PS3.3 C.7.6.3.1.2, C.7.9 (palette color lookup table).
    """
    photometric = dataset.get("PhotometricInterpretation", "").strip()
    if photometric == "PALETTE COLOR" and values.ndim == 2:
        codes = np.arange(1 << int(dataset.BitsStored), dtype=np.uint16)[np.newaxis]
        table = _luma(apply_color_lut(codes, dataset))[0]
        return np.asarray(table.take(values), np.float32)
    if photometric != "RGB" and not photometric.startswith("YBR_"):
        raise DecodeError("DICOM with an unknown photometric interpretation")
    if values.ndim == 2:  # JPEG luma
        return np.asarray(np.multiply(values, np.float32(1 / 255), dtype=np.float32))
    return _luma(values, int(dataset.BitsStored))


def _luma(rgb_HW3: Values, bits: int = 0) -> npt.NDArray[np.float32]:
    if rgb_HW3.dtype == np.uint8 and bits in (0, 8):
        grey = np.asarray(Image.fromarray(rgb_HW3[..., :3]).convert("L"))
        return np.asarray(np.multiply(grey, np.float32(1 / 255), dtype=np.float32))
    highest = (1 << (bits or 8 * rgb_HW3.dtype.itemsize)) - 1
    luma = rgb_HW3[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(highest)
    return np.asarray(np.clip(luma, 0, 1), np.float32)

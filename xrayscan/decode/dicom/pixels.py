"""The stored pixel values of a DICOM data set, every one of them or none.

pydicom tries one codec after another until one returns something, and the laxer ones fill what is missing. So each
kind of codestream has one codec here, chosen because it refuses truncated data, or is watched while it decodes.
"""

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLSLossless,
    RLELossless,
)

from xrayscan.decode.codec_stderr import captured_stderr
from xrayscan.decode.dicom import j2k_stream
from xrayscan.decode.dicom.codestream import Codestream, Kind
from xrayscan.decode.dicom.gdcm_frame import decode_grey
from xrayscan.decode.dicom.layout import HIGH_THROUGHPUT, Layout
from xrayscan.decode.grey import is_surplus
from xrayscan.decode.jpeg import checks
from xrayscan.decode.jpeg.decoder import film_of
from xrayscan.decode.jpeg.stream import Stream, read_stream
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError

Values = npt.NDArray[Any]  # integers as stored, (H, W) or (H, W, 3)

# Kind → the decoder and its one plugin. GDCM reads the process from the stream itself; pydicom keeps it from 12-bit
# extended JPEG, which old versions got wrong, so that is announced as the lossless process.
_DECODERS: dict[Kind, tuple[UID, str]] = {
    Kind.RLE: (RLELossless, "pylibjpeg"),
    Kind.JPEG_12: (JPEGLossless, "gdcm"),
    Kind.JPEG_LOSSLESS: (JPEGLossless, "gdcm"),
    Kind.JPEG_LS: (JPEGLSLossless, "pyjpegls"),
    Kind.JPEG_2000: (JPEG2000Lossless, "pylibjpeg"),
}
# No copy, no conversion of colours; bits are cut off later.
_AS_STORED: dict[str, Any] = {"view_only": True, "correct_unused_bits": False, "raw": True}
_END_MARKER = b"\xff\xd9"  # of JPEG, JPEG-LS and JPEG 2000 alike; one byte of any padding may follow, or zeros
_HOLE = bytes(512)  # arithmetic-coded data hold no such run; a JPEG 2000 decoder cannot tell and goes on
_STRAY_AT_END = re.compile(r"Corrupt JPEG data: ([1-4]) extraneous bytes before marker 0xd9")


def read_pixels(dataset: FileDataset, layout: Layout, limits: Limits) -> Values:
    """Return the stored words of the one frame: (H, W), or three samples (H, W, 3). DCT colour comes as luma (H, W).

    Raises: DecodeError if any pixel is missing.
    Source: PS3.5 sections 8.1.1 (bits) and A.4 (encapsulation).
    """
    stream = layout.stream
    if stream is None:
        _check_native_length(dataset, layout)
        return _native(dataset, layout)
    if stream.kind is Kind.JPEG:
        layout.stream = stream = dataclasses.replace(stream, jpeg=_with_colours(stream, layout))
        return _baseline(stream, layout, limits)
    _check_stream(stream)
    with captured_stderr() as said:
        values = _compressed(dataset, layout, stream)
    if any("Corrupt JPEG" in line or "remature end" in line for line in said if not _STRAY_AT_END.search(line)):
        raise DecodeError(Code.DAMAGED, "truncated or damaged DICOM pixel data")
    return values


def _check_native_length(dataset: FileDataset, layout: Layout) -> None:
    length = layout.rows * layout.columns * layout.samples * layout.allocated // 8
    if layout.photometric == "YBR_FULL_422":
        length = length // 3 * 2
    value = dataset.PixelData or b""
    if len(value) < length:
        raise DecodeError(Code.TRUNCATED, "truncated DICOM: pixel data end early")
    if is_surplus(len(value), length) and value[length:].strip(b"\0"):
        raise DecodeError(Code.HEADER, "damaged DICOM: more pixel data than one image of its size has")


def _native(dataset: FileDataset, layout: Layout) -> Values:
    """Point at grey words where they lie; pydicom unpacks colour, and bytes that big endian swaps in pairs."""
    is_big = layout.syntax == ExplicitVRBigEndian
    if layout.samples > 1 or (is_big and layout.allocated == 8):
        return _decoded(dataset, layout, UID(layout.syntax), "")
    words = f"{'>' if is_big else '<'}{'i' if layout.is_signed else 'u'}{layout.allocated // 8}"
    count = layout.rows * layout.columns
    return np.frombuffer(dataset.PixelData, words, count).reshape(layout.rows, layout.columns)


def _check_stream(stream: Codestream) -> None:
    """Raise DecodeError for what a codec would let pass, or would not survive."""
    if stream.kind is Kind.RLE:
        return
    if _END_MARKER not in stream.data.rstrip(b"\0")[-3:]:  # without one CharLS does not return
        raise DecodeError(Code.TRUNCATED, "truncated DICOM: pixel data end early")
    if stream.kind is Kind.JPEG_2000:
        if not j2k_stream.is_complete(stream.data):
            raise DecodeError(Code.TRUNCATED, "truncated DICOM: pixel data end early")
        if _HOLE in stream.data:
            raise DecodeError(Code.DAMAGED, "damaged DICOM: hole in the pixel data")
    elif stream.jpeg and stream.kind is not Kind.JPEG_LS:
        checks.check_is_sound(stream.jpeg)


def _compressed(dataset: FileDataset, layout: Layout, stream: Codestream) -> Values:
    uid, plugin = _DECODERS[stream.kind]
    if plugin == "gdcm" and stream.components == 1:
        with _refused():
            return decode_grey(stream.data, layout.rows, layout.columns, stream.precision)
    return _decoded(dataset, layout, HTJ2KLossless if layout.syntax in HIGH_THROUGHPUT else uid, plugin)


def _decoded(dataset: FileDataset, layout: Layout, uid: UID, plugin: str) -> Values:
    """Let pydicom decode by what holds, not by what the header says."""
    dataset.file_meta.TransferSyntaxUID = uid  # the decoder insists on its own
    source: FileDataset | bytes = dataset
    precision = layout.stream.precision if layout.stream else 0
    stored = max(precision, 8) if plugin == "gdcm" else precision or layout.stored  # of fewer GDCM ends the process
    coded = layout.stream.is_signed if layout.stream else None
    options = {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.allocated,
        "bits_stored": stored,
        "pixel_representation": int(coded or (not precision and layout.is_signed)),  # of a stream: its own, if any
        "planar_configuration": layout.planar,
        "number_of_frames": 1,
        **_AS_STORED,
    }
    with _refused():
        if layout.stream:  # in one fragment, without an offset table that may be wrong
            source = encapsulate([layout.stream.data])
            options["pixel_keyword"] = "PixelData"
        values, _ = get_decoder(uid).as_array(source, index=0, decoding_plugin=plugin, **options)
    return np.asarray(values)


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Whatever a codec raises means that it refuses the pixels."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # pylibjpeg-rle panics, as Rust does, with an exception that is no Exception
        raise DecodeError(Code.DAMAGED, "truncated or damaged DICOM pixel data") from None


def _baseline(stream: Codestream, layout: Layout, limits: Limits) -> Values:
    """Decode 8-bit DCT at full size, as strictly as a JPEG file; colour becomes its luma."""
    assert stream.jpeg is not None
    grey, layout.colourful, flags = film_of(stream.jpeg, max(stream.rows, stream.columns), limits)
    layout.flags += flags
    return grey


def _with_colours(stream: Codestream, layout: Layout) -> Stream:
    """Without an Adobe segment libjpeg takes three components for YCbCr; the photometric interpretation decides, and
    ``film_of`` sees when it lies."""
    if stream.jpeg is None:
        raise DecodeError(Code.DAMAGED, "damaged JPEG")
    if layout.photometric != "RGB" or stream.components != 3 or stream.jpeg.names_its_colours:
        return stream.jpeg
    return read_stream(stream.data[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00" + stream.data[2:])

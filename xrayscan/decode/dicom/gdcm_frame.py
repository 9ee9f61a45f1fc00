"""One grey JPEG frame, lossless or of 12 bits, decoded by GDCM.

GDCM's wrapper, and pydicom's plugin on it, hands pixels over as text, which is turned into bytes again: half of the
whole time. Its codec leaves them in a buffer of its own instead, from which they are copied here.
"""

import ctypes
from typing import Any

import gdcm
import numpy as np
import numpy.typing as npt


def decode_grey(stream: bytes, rows: int, columns: int, precision: int) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return the words of one component (H, W): uint8 up to 8 bits of ``precision``, else uint16.

    The stream has passed :func:`xrayscan.decode.jpeg.checks.check_is_sound`, without which GDCM may end the process.
    Raises: ValueError if GDCM refuses it, or gives another number of bytes than such a picture has.
    """
    codec, decoded = gdcm.JPEGCodec(), gdcm.DataElement()
    bits = max(precision, 8)  # told of fewer, GDCM throws through Python's boundary, which ends the process
    words = np.dtype(np.uint8 if bits == 8 else np.uint16)
    codec.SetNumberOfDimensions(2)
    codec.SetDimensions((columns, rows, 1))
    codec.SetPixelFormat(gdcm.PixelFormat(1, 8 * words.itemsize, bits, bits - 1, 0))
    codec.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    if not codec.Decode(_element(stream), decoded):
        raise ValueError("GDCM does not decode this stream")
    value = decoded.GetByteValue()
    length = int(str(value.GetLength()))  # an object of GDCM's that knows no other way to a number
    if length != rows * columns * words.itemsize:
        raise ValueError(f"{length} bytes are not {rows} x {columns} pixels")
    return np.frombuffer(ctypes.string_at(int(value.GetVoidPointer()), length), words).reshape(rows, columns)


def _element(stream: bytes) -> gdcm.DataElement:
    """Return pixel data of one fragment."""
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(stream)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    return element

"""Bytes of a JPEG, PNG, TIFF, BMP or DICOM file → :class:`Radiograph`. The only part that sees header text."""

from xrayscan.decode.dicom import decode_dicom
from xrayscan.decode.jpeg import decode_jpeg
from xrayscan.decode.png import decode_png
from xrayscan.decode.radiograph import Radiograph
from xrayscan.decode.raster import decode_bmp, decode_tiff
from xrayscan.decode.sniff import HEAD_BYTES, named_as_image, sniff
from xrayscan.errors import DecodeError

__all__ = ["Radiograph", "decode", "named_as_image", "sniff"]


def decode(data: bytes, *, at_least: int) -> Radiograph:
    """Read one radiograph of any supported format, told by its content.

    ``at_least``: pixels; a JPEG is decoded at the smallest scale whose two sides both reach it.
    Returns: brightness float32 (H, W), no unit, in [0, 1], bone bright; facts without the hash.
    Raises: DecodeError and nothing else, whatever the codecs raise. Its text never quotes the file or a codec, since
    either may quote a header.
    """
    format_name = sniff(data[:HEAD_BYTES])
    try:
        match format_name:
            case "JPEG":
                return decode_jpeg(data, at_least=at_least)
            case "PNG":
                return decode_png(data)
            case "TIFF":
                return decode_tiff(data)
            case "BMP":
                return decode_bmp(data)
            case "DICOM":
                return decode_dicom(data)
    except DecodeError:
        raise
    except MemoryError:
        raise DecodeError(f"{format_name} too large for this computer's memory") from None
    except Exception:  # codecs raise nearly everything: struct.error, AttributeError, RecursionError, …
        raise DecodeError(f"damaged {format_name}") from None
    if format_name is None:
        raise DecodeError("empty file" if not data else "not an image in a known format")
    raise DecodeError(f"{format_name} is not supported: convert it to PNG or JPEG")

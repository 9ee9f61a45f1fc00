"""PGM, PPM and PBM files → brightness."""

import re

import numpy as np
import numpy.typing as npt

from xrayscan.decode.chroma import chroma_of
from xrayscan.decode.grey import brightness_of_values, check_surplus
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError
from xrayscan.store.record import Facts

_BLANK = rb"(?:\s|#[^\n\r]*[\n\r])+"
_SIZE = _BLANK + rb"(\d{1,9})" + _BLANK + rb"(\d{1,9})"  # columns, rows
_GREY_OR_COLOUR = re.compile(rb"P([2356])" + _SIZE + _BLANK + rb"(\d{1,5})\s")
_BITMAP = re.compile(rb"P([14])" + _SIZE + rb"\s")
_COMMENT = re.compile(rb"#[^\n\r]*")
_REST_OF_LINE = re.compile(rb"\n|[ \t]*#[^\n\r]*\r?\n")
_PLAIN, _COLOUR = (b"1", b"2", b"3"), (b"3", b"6")
_NAMES = {b"1": "PBM", b"4": "PBM", b"2": "PGM", b"5": "PGM", b"3": "PPM", b"6": "PPM"}
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def is_pnm(head: bytes) -> bool:
    """Whether a header of the Netpbm family stands here, comments included."""
    return _header(head) is not None


def decode_pnm(data: bytes, limits: Limits) -> Radiograph:
    """Read one PGM, PPM or PBM picture, binary or plain, up to 16 bits.

    Returns: brightness float32 (H, W), value / highest value; where that is 65,535, as
    :func:`xrayscan.decode.grey.brightness_of_values` says.
    Raises: DecodeError for a file that is shorter or much longer than its header says, or holds several pictures.
    Source: Netpbm, pgm(5), ppm(5), pbm(5).
    """
    header = _header(data)
    if header is None:
        raise DecodeError(Code.DAMAGED, "damaged PGM")
    kind, rows, columns = header[1], int(header[3]), int(header[2])
    limits.check_size(rows, columns)
    highest = 1 if header.re is _BITMAP else int(header[4])
    shape = (rows, columns, 3) if kind in _COLOUR else (rows, columns)
    values = _values(data[header.end() :], kind, shape, highest)
    colourful = chroma_of(values, highest) if kind in _COLOUR else 0.0
    if not 0 < highest <= 65535 or not 0 <= int(values.min()) <= int(values.max()) <= highest:
        raise DecodeError(Code.DAMAGED, f"damaged {_NAMES[kind]}")
    if highest == 65535:
        brightness, flags = brightness_of_values(values, 16)
    else:
        brightness, flags = np.multiply(values, np.float32(1 / highest), dtype=np.float32), ()
    if kind in _COLOUR:
        brightness = brightness @ _LUMA
    facts = Facts(format=_NAMES[kind], rows=rows, columns=columns)
    return Radiograph(brightness.clip(0, 1), facts, flags, {"highest value": str(highest)}, chroma=colourful)


def _header(data: bytes) -> re.Match[bytes] | None:
    return _GREY_OR_COLOUR.match(data) or _BITMAP.match(data)


def _values(body: bytes, kind: bytes, shape: tuple[int, ...], highest: int) -> npt.NDArray[np.integer]:
    """Return the samples as (H, W) or (H, W, 3); a bitmap's 1 is black."""
    if kind == b"4":
        return 1 - _unpacked(body, *shape)
    if kind in _PLAIN:
        samples = _plain(body, kind, int(np.prod(shape)))
        return 1 - samples.reshape(shape) if kind == b"1" else samples.reshape(shape)
    dtype, count = np.dtype(">u2" if highest > 255 else "u1"), int(np.prod(shape))
    length = count * dtype.itemsize
    rest = _REST_OF_LINE.match(body)
    if rest and len(body) - rest.end() == length:
        body = body[rest.end() :]  # the header's last line ends in two bytes, or in a comment
    _check_length(body, length)
    return np.frombuffer(body, dtype, count).reshape(shape)


def _plain(body: bytes, kind: bytes, count: int) -> npt.NDArray[np.integer]:
    body = _COMMENT.sub(b" ", body)
    words = [body[at : at + 1] for at in range(len(body))] if kind == b"1" else body.split()
    try:
        samples = np.array([word for word in words if word.strip()], "S5").astype(np.int64)
    except ValueError:
        raise DecodeError(Code.DAMAGED, "damaged PGM") from None
    if len(samples) < count:
        raise DecodeError(Code.TRUNCATED, "truncated PGM")
    check_surplus(len(samples), count, "PGM")
    return samples[:count]


def _unpacked(body: bytes, rows: int, columns: int) -> npt.NDArray[np.integer]:
    stride = -(-columns // 8)
    _check_length(body, rows * stride)
    packed = np.frombuffer(body, np.uint8, rows * stride).reshape(rows, stride)
    return np.unpackbits(packed, axis=1)[:, :columns]


def _check_length(body: bytes, length: int) -> None:
    if len(body) < length:
        raise DecodeError(Code.TRUNCATED, "truncated PGM")
    if is_pnm(body[length : length + 64]):
        raise DecodeError(Code.MULTI_PAGE, "several pictures in one PGM: save them as single files")
    check_surplus(length + len(body[length:].rstrip(b"\0")), length, "PGM")

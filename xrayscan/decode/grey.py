"""The rules of grey that PNG, TIFF, BMP and PGM share, and Pillow's pictures → brightness."""

import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from xrayscan.decode.chroma import chroma_of_image, holds_ybr
from xrayscan.decode.flags import Flag
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError
from xrayscan.store.record import Facts

Grey = npt.NDArray[np.float32]
Flags = tuple[Flag, ...]

DEPTHS = (8, 10, 12, 14, 16)  # bits that detectors give
EXIF_ORIENTATION = 0x0112
_EIGHT_BIT = frozenset(("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr"))
_RGB = ("RGB", "RGBA", "RGBX")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_ROUNDING = 2  # steps
_TOO_MUCH = 4  # parts of a picture, of which one more is no padding
_FEW_ROWS = 16
_NOISY, _CLEARLY = 0.25, 3  # mean step over spread from which it may be noise; times smoother
_OTHER_COLOURS = ("LAB", "HSV")


def radiograph_of(
    image: Image.Image,
    format_name: str,
    limits: Limits,
    *,
    bits: int = 0,
    used: int = 0,
    signed: bool = False,
    white_is_zero: bool = False,
) -> Radiograph:
    """Turn an opened Pillow image upright and into brightness.

    8 bits are divided by 255, after ITU-R BT.601 luma for colour (Pillow's "L"); transparency is ignored, but where
    the colour is the same everywhere and the alpha channel is not, the alpha channel is the picture; and where only
    luma and two differences of colour, saved as if they were RGB, make a film, the luma is.
    ``bits``: per sample, as the file says, and ``used`` of them; more than 8 are scaled as
    :func:`brightness_of_values` says.
    ``signed``: Pillow takes the values for unsigned ones, and they are not.
    ``white_is_zero``: the values count darkness (TIFF), which Pillow leaves as it is beyond 8 bits.
    Returns: brightness float32 (H, W), no unit, in [0, 1]. Raises: DecodeError for other depths.
    """
    limits.check_size(image.height, image.width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata and large pictures; neither is used or a risk below the limit
        turned = image.getexif().get(EXIF_ORIENTATION, 1) in range(2, 9)
        upright = ImageOps.exif_transpose(image) if turned else image
        brightness, flags = _brightness(upright, format_name, bits, used, signed, white_is_zero)
        chroma = 0.0 if Flag.PHOTOMETRIC in flags else chroma_of_image(upright)
    facts = Facts(format=format_name, rows=upright.height, columns=upright.width)
    reading = {"pixels": image.mode, "bits": str(bits or 8)}
    return Radiograph(brightness, facts, ((Flag.UPRIGHT,) if turned else ()) + flags, reading, chroma=chroma)


def _brightness(
    image: Image.Image, format_name: str, bits: int, used: int, signed: bool, white_is_zero: bool
) -> tuple[Grey, Flags]:
    if signed and (image.mode == "L" or image.mode.startswith("I;16")):
        values = np.asarray(image)
        values = values.view(values.dtype.str.replace("u", "i"))
        return brightness_of_values(values, 16 if values.itemsize > 1 else 7, white_is_zero=white_is_zero)
    if image.mode in _EIGHT_BIT:
        return _from_8_bits(image, format_name)
    if image.mode.startswith("I;16") or (image.mode == "I" and bits == 16):
        return brightness_of_values(np.asarray(image), bits or 16, used=used, white_is_zero=white_is_zero)
    if image.mode in _OTHER_COLOURS:
        raise DecodeError(
            Code.UNSUPPORTED_ENCODING, f"{format_name} in {image.mode} colours is not supported: convert it to PNG"
        )
    raise DecodeError(
        Code.UNSUPPORTED_VALUES, f"{format_name} with 32-bit or floating-point values: convert it to 16 bits"
    )


def brightness_of_values(
    values: npt.NDArray[np.integer], bits: int, *, used: int = 0, white_is_zero: bool = False
) -> tuple[Grey, Flags]:
    """Scale grey values of more than 8 bits to [0, 1].

    Detectors give 8 to 14 bits, which many converters store in 16 without scaling. So values of 16 bits are divided by
    the highest value of the depth that they use: ``used`` where the file says so and no value exceeds it, else the
    next of ``DEPTHS``. Negative values: the range of the values present becomes 0 to 1.
    Values that are noise, and a film once their bytes change places, were written in the other order.
    """
    is_swapped = are_swapped(values)
    values = values.byteswap() if is_swapped else values
    low, high = int(values.min()), int(values.max())
    if low < 0:
        scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(1 / max(high - low, 1))
        flags: Flags = (Flag.DEPTH,)
    else:
        depth = _depth(values, high, bits, used)
        scaled = np.multiply(values, np.float32(1 / ((1 << depth) - 1)), dtype=np.float32)
        flags = (Flag.DEPTH,) if depth not in (bits, used) else ()
    np.clip(scaled, 0, 1, out=scaled)
    if white_is_zero:
        np.subtract(1, scaled, out=scaled)
    return scaled, (*((Flag.ORDER,) if is_swapped else ()), *flags)


def is_surplus(held: int, needed: int) -> bool:
    """Whether there are so many more bytes, or values, than a picture needs that it is a part of another one."""
    return (held - needed) * _TOO_MUCH >= needed


def check_surplus(held: int, needed: int, format_name: str) -> None:
    """Raise DecodeError if a file holds so much more than the picture of its header."""
    if is_surplus(held, needed):
        raise DecodeError(Code.HEADER, f"damaged {format_name}: it holds more values than its header says")


def are_swapped(values: npt.NDArray[np.integer]) -> bool:
    """Whether the values (H, W) of two bytes, or the first plane of (H, W, 3), are noise, and a film once these change
    places."""
    if values.ndim == 3:
        values = values[..., 0]
    if values.ndim != 2 or values.itemsize != 2 or values.shape[1] < 2:
        return False
    rough = _roughness(values)
    return rough > _NOISY and rough > _CLEARLY * _roughness(values.byteswap())


def _roughness(values: npt.NDArray[np.integer]) -> float:
    """Return the mean step between neighbours over the spread, in a few rows: 1.1 for noise, below 0.1 for films."""
    rows = values[:: -(-len(values) // _FEW_ROWS)].astype(np.float64)
    return float(np.abs(np.diff(rows, axis=1)).mean()) / max(float(rows.std()), 1e-9)


def next_depth(highest: int) -> int:
    """Return the smallest of ``DEPTHS`` that holds this value."""
    return next((depth for depth in DEPTHS if highest < 1 << depth), 16)


def _depth(values: npt.NDArray[np.integer], high: int, bits: int, used: int) -> int:
    if bits != 16:
        return bits
    if values.dtype.str[1:] == "i2":
        return min(next_depth(high), 15)  # a word with a sign counts to 32,767
    if 0 < used < 16:
        below = values & ((1 << (16 - used)) - 1)  # none, or the bits from above, where scaled as the standard wants it
        if not below.any() or np.array_equal(below, values >> used):
            return 16
        return used if high < 1 << used else next_depth(high)
    return next_depth(high)


def _from_8_bits(image: Image.Image, format_name: str) -> tuple[Grey, Flags]:
    if image.mode == "P" and not _palette_suffices(image):
        raise DecodeError(Code.DAMAGED, f"damaged {format_name}")
    grey = np.asarray(image.convert("L"))
    flags: Flags = ()
    if image.mode in _RGB and holds_ybr(planes := np.asarray(image)[..., :3]):
        grey, flags = planes[..., 0], (Flag.PHOTOMETRIC,)
    if (image.mode in _WITH_ALPHA or "transparency" in image.info) and is_constant(grey):
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        if not is_constant(alpha):
            grey, flags = alpha, (Flag.ALPHA,)
    return np.multiply(grey, np.float32(1 / 255), dtype=np.float32), flags


def _palette_suffices(image: Image.Image) -> bool:
    """Whether every value has a colour: Pillow shows those that have none as black."""
    highest = int(np.asarray(image).max())
    return image.palette is not None and highest * len(image.palette.mode) < len(image.palette.palette)


def is_constant(grey: npt.NDArray[np.integer]) -> bool:
    """Whether all values are one, but for what rounding leaves."""
    return int(grey.max()) - int(grey.min()) <= _ROUNDING

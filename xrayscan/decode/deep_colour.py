"""Pictures of 16 bits in colour, or with alpha, of which Pillow keeps the upper 8 bits → brightness with all bits."""

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan.decode.chroma import LUMA, chroma_of
from xrayscan.decode.flags import Flag
from xrayscan.decode.grey import EXIF_ORIENTATION, is_constant, next_depth, radiograph_of
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.limits import Limits

Open = Callable[[], Image.Image]

_NATIVE = "L" if sys.byteorder == "little" else "B"
_OTHER = {"L": "B", "B": "L"}  # orders of bytes, as Pillow writes them


def deep_colour(open_image: Open, format_name: str, limits: Limits, used: int = 0) -> Radiograph:
    """Read 16-bit RGB or RGBA, whose values may use fewer bits.

    ``open_image``: gives the picture anew at each call, not loaded. ``used``: bits, where the file says so.
    Returns: brightness float32 (H, W), no unit, in [0, 1]: the luma of ITU-R BT.601, or alpha where the colour is the
    same everywhere, scaled as :func:`xrayscan.decode.grey.brightness_of_values` says.
    """
    with open_image() as image:
        said = _orientation(image)
        upper = np.asarray(image)
        left = _orientation(image)  # Pillow turns a TIFF upright while loading it
    samples = _with_lower_bytes(upper, open_image)
    colours, alpha = samples[:, :, :3], samples[:, :, 3:]
    is_alpha = bool(alpha.size) and all(is_constant(colours[:, :, at]) for at in range(3)) and not is_constant(alpha)
    radiograph = _upright(alpha[:, :, 0] if is_alpha else _luma(colours), left, format_name, limits, used)
    if said != left:
        radiograph = dataclasses.replace(radiograph, flags=(Flag.UPRIGHT, *radiograph.flags))
    if is_alpha:
        return dataclasses.replace(radiograph, flags=(*radiograph.flags, Flag.ALPHA))
    highest = (1 << next_depth(int(colours.max()))) - 1
    return dataclasses.replace(radiograph, chroma=chroma_of(colours, highest))


def grey_plane(
    plane_HW: npt.NDArray[np.integer], origin: Image.Image, format_name: str, limits: Limits, used: int
) -> Radiograph:
    """Return a plane of 16 bits as the image, turned upright as the picture it comes from."""
    return _upright(plane_HW, _orientation(origin), format_name, limits, used)


def _upright(
    plane_HW: npt.NDArray[np.integer], orientation: int, format_name: str, limits: Limits, used: int
) -> Radiograph:
    plane = Image.fromarray(plane_HW.astype(np.uint16))
    plane.getexif()[EXIF_ORIENTATION] = orientation
    return radiograph_of(plane, format_name, limits, bits=16, used=used)


def _orientation(image: Image.Image) -> int:
    said = image.getexif().get(EXIF_ORIENTATION, 1)
    return said if said in range(1, 9) else 1


def _with_lower_bytes(upper_HWC: npt.NDArray[np.uint8], open_image: Open) -> npt.NDArray[np.uint16]:
    """Return all 16 bits: unpacked with the bytes told the other way round, Pillow keeps the lower ones."""
    with open_image() as image:
        image.tile = [tile._replace(args=_swapped(tile.args)) for tile in image.tile]  # type: ignore[attr-defined]
        return np.asarray((upper_HWC.astype(np.uint16) << 8) | np.asarray(image), np.uint16)


def _swapped(args: Any) -> Any:
    if isinstance(args, tuple):
        return (_swapped(args[0]), *args[1:])
    order = _NATIVE if args[-1] == "N" else args[-1]
    return args[:-1] + _OTHER[order]


def _luma(colours_HW3: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    return np.asarray(np.rint(colours_HW3 @ LUMA), np.uint16)

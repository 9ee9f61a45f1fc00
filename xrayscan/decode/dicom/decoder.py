"""DICOM files → brightness. Header text stops here: what leaves is technical and passes a filter of characters."""

from pydicom.dataset import FileDataset

from xrayscan.decode.dicom.body_part import named_body_part
from xrayscan.decode.dicom.codes import Stored, read_codes
from xrayscan.decode.dicom.colour import luma, palette_brightness
from xrayscan.decode.dicom.facts import burned_in, check_is_one_image, facts
from xrayscan.decode.dicom.layout import Layout, read_layout
from xrayscan.decode.dicom.orientation import upright
from xrayscan.decode.dicom.pixels import Values, read_pixels
from xrayscan.decode.dicom.projection import projections
from xrayscan.decode.dicom.read import header_kept_private, lift_frame, read_dataset
from xrayscan.decode.dicom.taken import taken_ns
from xrayscan.decode.dicom.values import monochrome_brightness, words_of_padding
from xrayscan.decode.flags import Flag
from xrayscan.decode.interface import Radiograph
from xrayscan.decode.limits import Limits


def decode_dicom(data: bytes, limits: Limits) -> Radiograph:
    """Read one DICOM radiograph as brightness: bone is bright, whatever the vendor stored.

    Applies the modality transform, then the first VOI LUT or window that leaves a picture, then inverts where
    Presentation LUT Shape or else the photometric interpretation asks for it; each exactly once; then turns the film
    upright. Pixel Aspect Ratio is ignored.
    Returns: brightness float32 (rows, columns), no unit, in [0, 1].
    Raises: DecodeError if not an image, not a radiograph, multi-frame, truncated, or compressed beyond the installed
    codecs.
    Source: DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.11.6 (Presentation LUT Shape), C.7.6.3.1.2
    (photometric interpretation), C.7.6.1.1.1 (Patient Orientation); PS3.5 section 8 and annex A (encoding).
    """
    with header_kept_private():
        dataset = read_dataset(data, limits)
        check_is_one_image(dataset)
        lift_frame(dataset)
        return _radiograph(dataset, read_layout(dataset, limits), limits)


def _radiograph(dataset: FileDataset, layout: Layout, limits: Limits) -> Radiograph:
    pixels = read_pixels(dataset, layout, limits)
    reading = {
        "photometric interpretation": layout.photometric,
        "samples per pixel": str(layout.samples),
        "compression": layout.kind or "none",
    }
    flags = [*layout.flags, *burned_in(dataset)]
    colourful = 0.0
    if layout.is_monochrome:
        stored = _codes(dataset, pixels, layout)
        brightness, found, notes = monochrome_brightness(dataset, layout, stored)
        flags += [*stored.flags, *found]
        reading |= _depth(stored.bits, layout, is_signed=stored.is_signed) | notes
    elif layout.photometric == "PALETTE COLOR" and pixels.ndim == 2:
        stored = _codes(dataset, pixels, layout)
        brightness, colourful = palette_brightness(dataset, stored)
        flags += stored.flags
        reading |= _depth(stored.bits, layout, is_signed=stored.is_signed)
    else:
        brightness, colourful, found = luma(pixels, layout)
        flags += found
        reading |= _depth(layout.stored, layout, is_signed=False)
    brightness, is_turned = upright(brightness, dataset)
    if is_turned:
        flags.append(Flag.UPRIGHT)
    known = facts(dataset, layout.format_name, *brightness.shape)
    told = tuple(dict.fromkeys(flags))
    said = projections(dataset), named_body_part(dataset)
    return Radiograph(brightness, known, told, reading, *said, colourful, taken_ns(dataset))


def _codes(dataset: FileDataset, pixels: Values, layout: Layout) -> Stored:
    return read_codes(pixels, layout, words_of_padding(dataset))


def _depth(bits: int, layout: Layout, *, is_signed: bool) -> dict[str, str]:
    return {"bits": f"{bits} of {layout.allocated}, {'signed' if is_signed else 'unsigned'}"}

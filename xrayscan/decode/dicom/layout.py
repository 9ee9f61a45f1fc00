"""How the pixels of a DICOM image lie in its bytes: what the header says, checked against the bytes themselves.

Headers lie, above all after conversions. Here, and in ``codes`` for depth and sign, it is decided once what holds when
header, codestream and length disagree: the codestream before the header, the length before the header, and the default
that everyone uses where an attribute is missing. Every departure from the header is a flag.
"""

import re
from dataclasses import dataclass, field

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from xrayscan.decode.dicom.codestream import Codestream, Kind, begins_frame, is_encapsulated, read_codestream
from xrayscan.decode.dicom.facts import count_of
from xrayscan.decode.dicom.read import meta
from xrayscan.decode.flags import Flag
from xrayscan.decode.limits import Limits
from xrayscan.errors import Code, DecodeError

NATIVE: dict[str, str] = {
    ImplicitVRLittleEndian: "DICOM",
    ExplicitVRLittleEndian: "DICOM",
    ExplicitVRBigEndian: "DICOM big endian",
    DeflatedExplicitVRLittleEndian: "DICOM deflated",
}
# Transfer syntax → the kinds of codestream that it may hold. Baseline with 12 bits is written by some.
_COMPRESSED: dict[str, tuple[Kind, ...]] = {
    RLELossless: (Kind.RLE,),
    **dict.fromkeys((JPEGBaseline8Bit, JPEGExtended12Bit), (Kind.JPEG, Kind.JPEG_12)),
    **dict.fromkeys((JPEGLossless, JPEGLosslessSV1), (Kind.JPEG_LOSSLESS,)),
    **dict.fromkeys((JPEGLSLossless, JPEGLSNearLossless), (Kind.JPEG_LS,)),
    **dict.fromkeys((JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K), (Kind.JPEG_2000,)),
}
HIGH_THROUGHPUT = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
_COLOURS = re.compile(r"RGB|YBR_(FULL|FULL_422|PARTIAL_422|PARTIAL_420|ICT|RCT)")


@dataclass(slots=True)
class Layout:
    """What holds for the pixels; ``flags`` say where that is not what the header said."""

    syntax: str
    stream: Codestream | None  # None if the pixels are not compressed
    rows: int = 0
    columns: int = 0
    samples: int = 1
    photometric: str = ""
    allocated: int = 0  # bits per sample in the decoded bytes
    stored: int = 0  # bits of them that the header says are used
    high_bit: int = 0
    is_signed: bool = False
    planar: int = 0
    colourful: float = 0.0  # of DCT colour, of which only the luma is kept
    flags: list[Flag] = field(default_factory=list)

    @property
    def is_monochrome(self) -> bool:
        return self.photometric in MONOCHROME

    @property
    def is_ybr(self) -> bool:
        """Whether luma and differences of colour are stored; YBR_ICT and YBR_RCT come out of JPEG 2000 as RGB."""
        return self.photometric.startswith(("YBR_FULL", "YBR_PARTIAL"))

    @property
    def has_no_size(self) -> bool:
        """Whether only the header tells rows from columns: RLE, too, knows neither."""
        return not (self.stream and self.stream.rows)

    @property
    def kind(self) -> Kind:
        return self.stream.kind if self.stream else Kind.NATIVE

    @property
    def format_name(self) -> str:
        """Name the record's format, such as "DICOM JPEG-LS"."""
        if self.stream is None:
            return NATIVE[self.syntax]
        if self.syntax in HIGH_THROUGHPUT and self.kind is Kind.JPEG_2000:
            return "DICOM HTJ2K"
        return f"DICOM {'JPEG' if self.kind is Kind.JPEG_12 else self.kind}"


def read_layout(dataset: FileDataset, limits: Limits) -> Layout:
    """Settle how the pixels of a single image are stored.

    Raises: DecodeError if the codestream is cut or its size contradicts the header, an attribute is missing that has
    no unambiguous default, or the image is larger than the limits.
    Source: PS3.3 C.7.6.3 (image pixel module); PS3.5 sections 8 and annex A.
    """
    layout = _syntax_and_stream(dataset)
    _size(layout, dataset)
    limits.check_size(layout.rows, layout.columns)
    _samples(layout, dataset)
    _depth(layout, dataset)
    return layout


def _syntax_and_stream(dataset: FileDataset) -> Layout:
    named = str(meta(dataset).get("TransferSyntaxUID") or "")
    value = dataset.PixelData or b""
    is_bare = named in _COMPRESSED and begins_frame(value)
    is_native = named in NATIVE and not dataset["PixelData"].is_undefined_length
    if is_native or not (is_bare or is_encapsulated(value)):
        return _native(named, dataset)
    try:
        stream = read_codestream(value)
    except DecodeError as error:
        raise _unsupported() if error.code is Code.DAMAGED and _is_foreign(named) else error from None
    flags = [] if stream.kind in _COMPRESSED.get(named, ()) and not is_bare else [Flag.SYNTAX]
    return Layout(named if named in _COMPRESSED else "", stream, flags=flags)


def _native(named: str, dataset: FileDataset) -> Layout:
    """Take the syntax from how the data set was read if the file names none, another one, or a compressed one."""
    is_implicit, is_little = dataset.original_encoding
    is_big = is_little is False
    if named in NATIVE and is_big == (named == ExplicitVRBigEndian):
        return Layout(named, None)
    if named in _COMPRESSED and len(dataset.PixelData or b"") < _header_length(dataset):
        raise DecodeError(Code.TRUNCATED, "truncated DICOM: pixel data end early")
    if _is_foreign(named):
        raise _unsupported()
    syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    return Layout(str(ExplicitVRBigEndian if is_big else syntax), None, flags=[Flag.SYNTAX] if named else [])


def _is_foreign(syntax: str) -> bool:
    return bool(syntax) and syntax not in (*_COMPRESSED, *NATIVE)


def _unsupported() -> DecodeError:
    return DecodeError(
        Code.UNSUPPORTED_ENCODING, "DICOM in a transfer syntax that is not supported: export it uncompressed"
    )


def _header_length(dataset: Dataset) -> int:
    counts = [count_of(dataset, word) for word in ("Rows", "Columns", "BitsAllocated")]
    return counts[0] * counts[1] * max(count_of(dataset, "SamplesPerPixel"), 1) * counts[2] // 8 or 1


def _size(layout: Layout, dataset: Dataset) -> None:
    layout.rows, layout.columns = count_of(dataset, "Rows"), count_of(dataset, "Columns")
    coded = (layout.stream.rows, layout.stream.columns) if layout.stream else (0, 0)
    if "Rows" not in dataset or "Columns" not in dataset:
        if not all(coded):
            raise DecodeError(Code.HEADER, "damaged DICOM: no rows or columns")
        layout.rows, layout.columns = coded
        layout.flags.append(Flag.SIZE)
    elif all(coded) and coded != (layout.rows, layout.columns):
        raise DecodeError(Code.DAMAGED, "damaged DICOM: its compressed image has another size than its header says")


def _samples(layout: Layout, dataset: Dataset) -> None:
    """Settle samples per pixel and photometric interpretation, which must agree with each other and the bytes."""
    written = str(dataset.get("PhotometricInterpretation") or "").strip(" \0")
    photometric = written.upper()
    samples = count_of(dataset, "SamplesPerPixel")
    held = layout.stream.components if layout.stream else _samples_held(layout, dataset)
    layout.samples = held or samples or (3 if _COLOURS.fullmatch(photometric) else 1)
    if samples and layout.samples not in (1, 3):
        raise DecodeError(Code.HEADER, f"DICOM with {layout.samples} samples per pixel (SamplesPerPixel)")
    if samples != layout.samples:
        layout.flags.append(Flag.SAMPLES)
    layout.photometric = _photometric(photometric, layout.samples)
    if layout.photometric == photometric and layout.samples == 3 and layout.stream is None:
        layout.photometric = _subsampling(layout, dataset)
    if layout.photometric != written:
        layout.flags.append(Flag.PHOTOMETRIC)
    if layout.kind is not Kind.JPEG_2000:  # whose decoder gives pixel by pixel, whatever is said
        layout.planar = count_of(dataset, "PlanarConfiguration") & 1


def _samples_held(layout: Layout, dataset: Dataset) -> int:
    """Return 1 or 3 where the length of native pixels leaves no other choice; else 0."""
    pixels = layout.rows * layout.columns * (count_of(dataset, "BitsAllocated") or 8) // 8
    length = len(dataset.PixelData or b"")
    exactly = (length - length % 2, length)
    if pixels in exactly or pixels + pixels % 2 == length:
        return 1
    return 3 if 3 * pixels in exactly or 3 * pixels + pixels % 2 == length else 0


def _subsampling(layout: Layout, dataset: Dataset) -> str:
    """Return the interpretation with the differences of colour at half the width if so many bytes are there."""
    pixels = layout.rows * layout.columns
    if count_of(dataset, "BitsAllocated") != 8:
        return layout.photometric
    if len(dataset.PixelData or b"") // 2 * 2 == 2 * pixels:
        return "YBR_FULL_422"
    return "YBR_FULL" if layout.photometric.endswith(("_422", "_420")) else layout.photometric


def _photometric(photometric: str, samples: int) -> str:
    """Return the interpretation that a picture of so many samples can have; everyone's default where there is none."""
    is_colour, is_grey = bool(_COLOURS.fullmatch(photometric)), photometric in (*MONOCHROME, "PALETTE COLOR")
    if photometric and not is_colour and not is_grey:
        raise DecodeError(Code.HEADER, "DICOM with an unknown photometric interpretation")
    if samples == 3:
        return photometric if is_colour else "RGB"
    return photometric if is_grey else "MONOCHROME2"


def _depth(layout: Layout, dataset: Dataset) -> None:
    """Settle bits allocated, bits stored, high bit and sign as far as header, codestream and length tell."""
    precision, coded = (layout.stream.precision, layout.stream.allocated) if layout.stream else (0, 0)
    layout.allocated = coded or count_of(dataset, "BitsAllocated") or _allocated(layout, dataset)
    stored = count_of(dataset, "BitsStored")
    if precision:
        layout.allocated = 8 if precision <= 8 else 16
    elif stored <= 8 and _is_half(layout, dataset):
        layout.allocated = 8
        layout.flags.append(Flag.BITS)
    if layout.allocated not in (8, 16, 32):
        raise DecodeError(
            Code.UNSUPPORTED_VALUES, f"DICOM with {layout.allocated} bits allocated per pixel is not supported"
        )
    layout.stored = stored or precision or min(layout.allocated, 16)
    if stored > min(layout.allocated, 16) and not precision and layout.allocated != 32:
        layout.stored = layout.allocated
    if layout.stored > 16:
        raise DecodeError(Code.UNSUPPORTED_VALUES, f"DICOM with {layout.stored} bits stored per pixel is not supported")
    if layout.stored != stored:
        layout.flags.append(Flag.BITS)
    _high_bit_and_sign(layout, dataset)
    overlay = _lowest_overlay(dataset)
    if 8 <= overlay < layout.stored == layout.high_bit + 1:  # `codes` takes the bits back if they are the film's
        layout.stored, layout.high_bit = overlay, overlay - 1
        layout.flags.append(Flag.BITS)


def _lowest_overlay(dataset: Dataset) -> int:
    """Return the lowest bit of the pixel data that an overlay lies in, retired in 2004; 0 if none does.

    Source: PS3.3-2003 C.9.2 (Overlay Bit Position; such an overlay has no Overlay Data).
    """
    groups = [group for group in range(0x6000, 0x6020, 2) if (group, 0x0102) in dataset]
    embedded = [dataset[group, 0x0102].value for group in groups if (group, 0x3000) not in dataset]
    return min((bit for bit in embedded if isinstance(bit, int) and bit > 0), default=0)


def _high_bit_and_sign(layout: Layout, dataset: Dataset) -> None:
    high_bit = count_of(dataset, "HighBit") if "HighBit" in dataset else layout.stored - 1
    layout.high_bit = high_bit
    if layout.stream and layout.kind is not Kind.RLE:  # a codestream has its own; the header's is of the source
        layout.high_bit = layout.stored - 1
    elif not layout.stored <= high_bit + 1 <= layout.allocated:
        layout.high_bit = layout.stored - 1
        layout.flags.append(Flag.HIGH_BIT)
    layout.is_signed = count_of(dataset, "PixelRepresentation") == 1
    coded = layout.stream.is_signed if layout.stream else None
    if "PixelRepresentation" not in dataset or (coded and not layout.is_signed):
        layout.flags.append(Flag.SIGN)
    layout.is_signed = bool(coded) or layout.is_signed


def _allocated(layout: Layout, dataset: Dataset) -> int:
    """Tell missing bits allocated from the length of native pixels. Raises: DecodeError if that does not fit."""
    if layout.stream and layout.stream.precision:
        return 0
    samples = layout.rows * layout.columns * layout.samples
    length = len(dataset.PixelData or b"")
    if layout.stream is None and samples and length // samples in (1, 2) and length - length // samples * samples < 2:
        layout.flags.append(Flag.BITS)
        return 8 * (length // samples)
    raise DecodeError(Code.HEADER, "DICOM without bits allocated (BitsAllocated)")


def _is_half(layout: Layout, dataset: Dataset) -> bool:
    """Whether native pixels have one byte each although the header allocates two."""
    samples = layout.rows * layout.columns * layout.samples
    return not layout.stream and layout.allocated == 16 and len(dataset.PixelData or b"") == samples + samples % 2

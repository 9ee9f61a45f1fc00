"""The directories of TIFF and BigTIFF files: which page is the image, and how its values are to be taken.

Source: TIFF 6.0, sections 2 (directories), 8 (NewSubfileType), 19 (SampleFormat); BigTIFF as libtiff writes it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from xrayscan.errors import Code, DecodeError

# Tags
_NEW_SUBFILE, _SUBFILE, _SUB_DIRECTORIES = 254, 255, 330
_BITS, _PHOTOMETRIC, _SAMPLES, _SAMPLE_FORMAT = 258, 262, 277, 339
_READ = (_NEW_SUBFILE, _SUBFILE, _SUB_DIRECTORIES, _BITS, _PHOTOMETRIC, _SAMPLES, _SAMPLE_FORMAT)
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_REDUCED_OLD = 2  # SubfileType
_SHORT = 3
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_UNSIGNED, _SIGNED, _UNDEFINED = 1, 2, 4  # SampleFormat
_MAX_DIRECTORIES = 64  # beyond these it is no film with a thumbnail
_MAX_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file counts: TIFF or BigTIFF, in either order of bytes."""

    order: str  # as struct writes it
    is_big: bool

    @classmethod
    def of(cls, data: bytes) -> "Layout":
        order = "<" if data[:2] == b"II" else ">"
        return cls(order, struct.unpack_from(order + "H", data, 2)[0] == 43)

    def offset(self, data: bytes, at: int) -> int:
        """Read the place of a directory; 0 where the file ends before."""
        form = self.order + ("Q" if self.is_big else "I")
        return int(struct.unpack_from(form, data, at)[0]) if at + struct.calcsize(form) <= len(data) else 0


@dataclass(frozen=True, slots=True)
class Directory:
    """The entries of one page that decide how it is read: tag → place in the file, and the first value there."""

    order: str
    places: dict[int, int]
    values: dict[int, int]

    @property
    def is_reduced(self) -> bool:
        """Whether the page is a thumbnail or a mask of another one."""
        if _NEW_SUBFILE in self.values:
            return bool(self.values[_NEW_SUBFILE] & (_REDUCED | _MASK))
        return self.values.get(_SUBFILE) == _REDUCED_OLD

    @property
    def has_sub_directories(self) -> bool:
        """Whether other pictures hang on this page, as the full one does on a camera's thumbnail."""
        return _SUB_DIRECTORIES in self.places

    @property
    def is_white_zero(self) -> bool:
        return self.values.get(_PHOTOMETRIC) == _WHITE_IS_ZERO

    @property
    def is_signed(self) -> bool:
        """Whether the grey values are integers with a sign, of 8 or 16 bits."""
        return self._is_grey and self.values.get(_SAMPLE_FORMAT) == _SIGNED and self.values.get(_BITS) in (8, 16)

    @property
    def _is_grey(self) -> bool:
        return self.values.get(_SAMPLES, 1) == 1 and self.values.get(_PHOTOMETRIC) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)

    def as_plain_grey(self, data: bytes) -> bytes:
        """Return the file with signed, undefined or inverted grey called plain grey, of which Pillow knows all orders.

        The stored values stay what they are; whoever reads them minds sign and polarity.
        """
        is_odd = self.is_signed or self.values.get(_SAMPLE_FORMAT) == _UNDEFINED
        if not self._is_grey or not (is_odd or (self.is_white_zero and self.values.get(_BITS, 1) > 8)):
            return data
        changed = bytearray(data)
        for tag, value in ((_PHOTOMETRIC, _BLACK_IS_ZERO), (_SAMPLE_FORMAT, _UNSIGNED)):
            if tag in self.places and (tag == _PHOTOMETRIC or is_odd):
                struct.pack_into(self.order + "H", changed, self.places[tag], value)
        return bytes(changed)


def full_page(data: bytes) -> tuple[int, Directory]:
    """Return the number and directory of the one page that is an image.

    Raises: DecodeError if there are several, or none at all.
    """
    first: tuple[int, Directory] | None = None
    image: tuple[int, Directory] | None = None
    for number, directory in enumerate(_directories(data)):
        first = first or (number, directory)
        if directory.is_reduced:
            continue
        if image is not None or number >= _MAX_DIRECTORIES:
            raise DecodeError(Code.MULTI_PAGE, "multi-page TIFF: export single pages")
        image = number, directory
    found = image or first
    if found is None:
        raise DecodeError(Code.TRUNCATED, "truncated TIFF")
    if image is None and found[1].has_sub_directories:
        raise DecodeError(Code.MULTI_PAGE, "TIFF whose own page is a thumbnail: save its full picture as PNG")
    return found


def _directories(data: bytes) -> Iterator[Directory]:
    """Yield directory by directory; stop where the chain breaks or closes."""
    layout = Layout.of(data)
    count_form, entry, head = (layout.order + "Q", 20, 8) if layout.is_big else (layout.order + "H", 12, 2)
    at, seen = layout.offset(data, 8 if layout.is_big else 4), set[int]()
    while at and at not in seen and at + head <= len(data) and len(seen) <= _MAX_DIRECTORIES:
        seen.add(at)
        count = struct.unpack_from(count_form, data, at)[0]
        yield _directory(data, layout, range(at + head, min(at + head + entry * count, len(data) - entry + 1), entry))
        at = layout.offset(data, at + head + entry * count)


def _directory(data: bytes, layout: Layout, entries: range) -> Directory:
    found = Directory(layout.order, {}, {})
    for at in entries[:_MAX_ENTRIES]:
        tag, kind = struct.unpack_from(layout.order + "HH", data, at)
        count = layout.offset(data, at + 4)
        size, place = 2 if kind == _SHORT else 4, at + (12 if layout.is_big else 8)
        if tag == _SUB_DIRECTORIES or (tag in _READ and count * size <= (8 if layout.is_big else 4)):
            found.places[tag] = place
            found.values[tag] = struct.unpack_from(layout.order + ("H" if size == 2 else "I"), data, place)[0]
    return found

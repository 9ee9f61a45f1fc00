"""What no radiograph exceeds, so that a damaged or hostile file cannot ask for all memory."""

from dataclasses import dataclass

from xrayscan.errors import Code, DecodeError
from xrayscan.sources.reading import MAX_FILE_BYTES


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that are checked before memory is asked for; a file beyond one of them is refused by its name."""

    max_file_bytes: int = MAX_FILE_BYTES
    max_pixels: int = 100_000_000  # the largest detectors give about 65 million
    max_inflated_bytes: int = 512 << 20  # what compressed bytes become: deflated DICOM, gzip, the rows of a PNG

    def check_size(self, rows: int, columns: int) -> None:
        """Raises: DecodeError for an image without pixels, or with more of them than allowed."""
        if rows < 1 or columns < 1:
            raise DecodeError(Code.ZERO_SIZE, "image of zero size")
        if rows * columns > self.max_pixels:
            raise DecodeError(
                Code.TOO_MANY_PIXELS,
                f"image of {rows} x {columns} pixels is too large: the limit is {self.max_pixels:,} (--max-pixels)",
            )

    def check_inflated(self, size: int) -> None:
        """Raises: DecodeError for content that becomes more bytes than allowed."""
        if size > self.max_inflated_bytes:
            raise DecodeError(
                Code.INFLATES_TOO_FAR,
                f"its compressed content is too large: the limit is {self.max_inflated_bytes >> 20} MiB inflated",
            )


DEFAULT_LIMITS = Limits()

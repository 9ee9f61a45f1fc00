"""What no radiograph exceeds, so that a damaged or hostile header cannot ask for all memory."""

from xrayscan.errors import DecodeError

MAX_PIXELS = 100_000_000  # the largest detectors give about 20 million


def check_size(rows: int, columns: int) -> None:
    """Raises: DecodeError for an image without pixels, or with more of them than a radiograph has."""
    if rows < 1 or columns < 1:
        raise DecodeError("image of zero size")
    if rows * columns > MAX_PIXELS:
        raise DecodeError(f"image of {rows} x {columns} pixels is too large for a radiograph")

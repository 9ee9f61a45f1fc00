"""What an image's own pixels say before any model sees them: nothing to see is nothing to score."""

import numpy as np

from xrayscan.checks.interface import Sample, Verdict
from xrayscan.decode import Radiograph
from xrayscan.errors import Code

SMALLEST = 64  # pixels a side: below, ribs and vessels are gone
TRIM = 1.0  # per cent at either end that a speck, a letter or a frame may fill
LEAST_CONTRAST = 0.08  # of brightness between the trimmed ends: twenty grey levels of 256; films have 0.3 and more
MOST_SATURATED = 0.75  # of the pixels fully black or white: a drawing, a page of text; films have 0.45 at most
ENDS = 1 / 255  # what lies this near to black or white is black or white
MOST_CHROMA = 0.03  # of `chroma_of`: films in sepia, on blue base or with coloured marks stay below; photographs do not


def too_small(image: Radiograph, sample: Sample) -> Verdict | None:
    """Set aside an icon or a thumbnail."""
    rows, columns = image.facts.rows or image.brightness.shape[0], image.facts.columns or image.brightness.shape[1]
    if min(rows, columns) >= SMALLEST:
        return None
    return Verdict(code=Code.TOO_SMALL, reason=f"smaller than {SMALLEST} pixels a side: too little to judge")


def no_contrast(image: Radiograph, sample: Sample) -> Verdict | None:
    """Set aside a picture that is constant, or nearly so."""
    if _is_plainly_contrasted(sample):
        return None
    low, high = np.percentile(sample, (TRIM, 100 - TRIM))
    if high - low >= LEAST_CONTRAST:
        return None
    return Verdict(code=Code.NO_CONTRAST, reason="constant or nearly constant picture: nothing to judge")


def _is_plainly_contrasted(sample: Sample) -> bool:
    """Whether one row in eight already holds the trimmed ends far enough apart, which spares nearly all films sorting.

    Never true where the percentiles of the whole sample say otherwise.
    """
    rows = sample[::8]
    middle, trimmed = float(rows.mean()), sample.size * TRIM / 100 + 1
    dark, bright = rows < middle - LEAST_CONTRAST, rows > middle + LEAST_CONTRAST
    return bool(np.count_nonzero(dark) > trimmed and np.count_nonzero(bright) > trimmed)


def saturated(image: Radiograph, sample: Sample) -> Verdict | None:
    """Set aside a picture of little else than pure black and white."""
    grey = np.count_nonzero((sample > ENDS) & (sample < 1 - ENDS))
    if grey >= (1 - MOST_SATURATED) * sample.size:
        return None
    return Verdict(code=Code.SATURATED, reason="almost only pure black and white: no film to judge")


def colour(image: Radiograph, sample: Sample) -> Verdict | None:
    """Set aside a colour picture; a grey film stored as colour, or tinted a little, passes."""
    if image.chroma < MOST_CHROMA:
        return None
    return Verdict(code=Code.COLOUR, reason="a colour picture: not a radiograph")

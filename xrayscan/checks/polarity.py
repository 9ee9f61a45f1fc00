"""Whether a film is inverted, bone dark, told from its pixels: a linear rule learned on films.

Seen in 32 x 32 blocks, brightness is brought to mean 0 and variance 1; the rule weighs its means over 4 x 4 places,
its skewness, and how bright the film is as a whole. All of these change their sign when a film is inverted, and the
rule has no intercept: it is right on an inverted film exactly where it is right on the film itself.
``python benchmarks/polarity.py`` learns the weights again and measures them.
"""

import dataclasses
import functools

import numpy as np
import numpy.typing as npt
from PIL import Image

from xrayscan.checks.interface import Sample, sample_of
from xrayscan.decode import Radiograph
from xrayscan.decode.flags import Flag

BLOCKS, PLACES = 32, 4
WEIGHTS = np.array(
    [  # of the places, row by row; of skewness; of brightness
        -1.071,
        0.118,
        0.338,
        -1.112,
        -0.445,
        0.229,
        1.097,
        -0.314,
        -1.466,
        0.845,
        2.599,
        -1.154,
        -1.261,
        1.503,
        1.663,
        -1.569,
        -1.750,
        -0.087,
    ],
    np.float32,
)
SURE = 1.5  # of the score, a logit: beyond it the pixels decide
SURE_AGAINST_HEADER = 4.0  # where a header decides, they have to contradict it clearly

TURNED, DOUBTFUL = "inverted film turned", "polarity in doubt"


def righted(image: Radiograph) -> Radiograph:
    """Return the image with bone bright: an inverted one is turned and flagged, a doubtful one only flagged.

    A DICOM header decides about polarity, unless it contradicts itself: what it says is changed only where the pixels
    contradict it clearly.
    """
    logit = score(sample_of(image.brightness))
    header_decides = image.facts.format.startswith("DICOM") and Flag.POLARITY not in image.flags
    if logit > (-SURE_AGAINST_HEADER if header_decides else SURE):
        return image
    if logit > -SURE:
        return dataclasses.replace(image, flags=(*image.flags, DOUBTFUL))
    return dataclasses.replace(image, brightness=1 - image.brightness, flags=(*image.flags, TURNED))


def score(sample: Sample) -> float:
    """Return the logit of bone being bright, as it should; exactly its negative for the inverted film."""
    return float(polarity_features(sample) @ WEIGHTS)


def polarity_features(sample: Sample) -> npt.NDArray[np.float32]:
    """What the rule weighs: (18,) float32, each negated by inverting the film."""
    blocks = blocks_of(sample)
    mean = float(blocks.mean())
    centred = blocks - mean
    squared = centred * centred
    spread = float(squared.mean()) ** 0.5 + 1e-6  # a picture of one level has no spread
    starts = np.arange(0, BLOCKS, BLOCKS // PLACES)
    places = np.add.reduceat(np.add.reduceat(centred, starts, 0), starts, 1) / (BLOCKS // PLACES) ** 2
    skewness = float(np.vdot(squared, centred)) / BLOCKS**2 / spread**3
    return np.array([*(places.ravel() / spread), skewness, mean - 0.5], np.float32)


def blocks_of(sample: Sample) -> npt.NDArray[np.float32]:
    """Return the means of (BLOCKS, BLOCKS) places, over every k-th row and column: enough for means."""
    rows, columns = (max(1, length // (2 * BLOCKS)) for length in sample.shape)
    small = sample[::rows, ::columns]
    return np.asarray(_into_blocks(small.shape[0]) @ small @ _into_blocks(small.shape[1]).T, np.float32)


@functools.cache
def _into_blocks(length: int) -> npt.NDArray[np.float32]:
    """Pillow's box filter along one side as a matrix (BLOCKS, length): two products cost a third of its resizing.

    Sides below 4 * BLOCKS keep the products so small that BLAS starts no threads for them.
    """
    places = Image.fromarray(np.eye(length, dtype=np.float32))
    return np.ascontiguousarray(np.asarray(places.resize((BLOCKS, length), Image.Resampling.BOX)).T)

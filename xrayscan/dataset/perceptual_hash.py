"""A film's 64-bit fingerprint that survives resizing and re-encoding, and the search for films that share it."""

import numpy as np
import numpy.typing as npt

from xrayscan.model.input_spec import InputSpec

SPEC = InputSpec(side=64, normalise="fixed")  # the pixels that are hashed: the whole film, squashed
# Bits in which copies of one film may differ. Measured between 5,216 films at 224 px and 150 originals of 0.3 to 4
# megapixels, decoded for a model of 128 px: of 150 copies 116 differ in no bit, 146 in at most 2 and all in at most 4;
# of 782,250 pairs of strangers none differs in fewer than 4.
COPY_BITS = 2

Hashes = npt.NDArray[np.uint64]

_FREQUENCIES = 8  # per axis, from the first after the mean: its bits are the film's coarse shapes, not its brightness
_BLOCK = 1024  # hashes compared at once, so that memory does not grow with the square of the folder


def hashes(pixels_NSS: npt.NDArray[np.uint8]) -> Hashes:
    """Hash films (N, 64, 64), prepared as ``SPEC`` says, into (N,) uint64; alike films differ in few bits.

    A bit tells whether one of the 8 x 8 lowest frequencies of the film's cosine transform, without those constant
    along an axis, is above their median.
    Source: Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), section 3.2.1.
    """
    if not len(pixels_NSS):
        return np.zeros(0, np.uint64)
    basis = _cosines(pixels_NSS.shape[-1])
    waves = (basis @ pixels_NSS.astype(np.float64) @ basis.T).reshape(len(pixels_NSS), -1)
    bits = waves > np.median(waves, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


def near(a: Hashes, b: Hashes, bits: int = COPY_BITS) -> list[tuple[int, int]]:
    """Return every pair (i, j), sorted, for which ``a[i]`` and ``b[j]`` differ in at most ``bits`` bits."""
    signs_b = _signs(b).T
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(a), _BLOCK):
        alike = _signs(a[start : start + _BLOCK]) @ signs_b  # bits that agree less bits that differ: exact in float32
        i, j = np.nonzero(alike >= 64 - 2 * bits)
        pairs.extend(zip((i + start).tolist(), j.tolist(), strict=True))
    return pairs


def _cosines(side: int) -> npt.NDArray[np.float64]:
    frequency = np.arange(1, _FREQUENCIES + 1)[:, None]
    return np.cos(np.pi * frequency * (np.arange(side) + 0.5) / side)


def _signs(values: Hashes) -> npt.NDArray[np.float32]:
    """(N,) hashes → (N, 64): 1 for a bit that is set, -1 for one that is not."""
    octets = np.ascontiguousarray(values, ">u8").view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1).astype(np.float32) * 2 - 1

"""Bytes of a JPEG, PNG, TIFF, BMP, PGM or DICOM file → :class:`Radiograph`. The only part that sees header text."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from xrayscan.decode import gzipped
from xrayscan.decode.builtin import BUILT_IN
from xrayscan.decode.interface import Decoder, Radiograph
from xrayscan.decode.limits import DEFAULT_LIMITS, Limits
from xrayscan.decode.sniff import named_as_image, named_as_not_read, not_read, unsupported
from xrayscan.errors import Code, DecodeError
from xrayscan.sources.reading import HEAD_BYTES

__all__ = ["BUILT_IN", "Decoder", "Limits", "Radiograph", "decode", "named_as_image", "named_as_not_read", "sniff"]


def sniff(head: bytes, decoders: Sequence[Decoder] = BUILT_IN) -> str | None:
    """Return what the first bytes (up to ``HEAD_BYTES``) of a file say it is; None if they say nothing.

    A decoder's name, also for a gzipped file; or the name of a format that holds pictures but is not read, such as
    "GIF", so that the reason can say so.
    """
    head = gzipped.inflated_head(head) if head.startswith(gzipped.MAGIC) else head
    decoder = _decoder_of(head, decoders)
    return decoder.name if decoder else not_read(head)


def decode(
    data: bytes, *, at_least: int, limits: Limits = DEFAULT_LIMITS, decoders: Sequence[Decoder] = BUILT_IN
) -> Radiograph:
    """Read one radiograph of any supported format, told by its content.

    ``at_least``: pixels; a JPEG is decoded at the smallest scale whose two sides both reach it.
    Returns: brightness float32 (H, W), no unit, in [0, 1], bone bright; facts without the hash.
    Raises: DecodeError and nothing else, whatever the codecs raise. Its text never quotes the file or a codec, since
    either may quote a header.
    """
    if not data:
        raise DecodeError(Code.EMPTY, "empty file")
    if not data.startswith(gzipped.MAGIC):
        return _decoded(data, at_least, limits, decoders)
    radiograph = _decoded(gzipped.inflate(data, limits), at_least, limits, decoders)
    facts = dataclasses.replace(radiograph.facts, format=f"{radiograph.facts.format} in gzip")
    return dataclasses.replace(radiograph, facts=facts)


def _decoded(data: bytes, at_least: int, limits: Limits, decoders: Sequence[Decoder]) -> Radiograph:
    head = data[:HEAD_BYTES]
    decoder = _decoder_of(head, decoders)
    if decoder is None:
        if name := not_read(head):
            raise unsupported(name)
        raise DecodeError(Code.MISNAMED, "not an image in a known format")
    try:
        radiograph = decoder.decode(data, at_least=at_least, limits=limits)
        return radiograph if decoder in BUILT_IN else _checked(radiograph)
    except DecodeError:
        raise
    except MemoryError:
        raise DecodeError(Code.MEMORY, f"{decoder.name} too large for this computer's memory") from None
    except Exception:  # codecs raise nearly everything: struct.error, AttributeError, RecursionError, …
        raise DecodeError(Code.DAMAGED, f"damaged {decoder.name}") from None


def _decoder_of(head: bytes, decoders: Sequence[Decoder]) -> Decoder | None:
    for decoder in decoders:  # plainly: a search through a million files spends a tenth of its time here
        if decoder.sniff(head):
            return decoder
    return None


def _checked(radiograph: Radiograph) -> Radiograph:
    """Hold a plugin's decoder to its word: what should be a defined term or an identifier, and is none, is left out.

    Raises: ValueError unless its brightness, size and chroma are what the interface says.
    """
    from xrayscan.decode.defined import defined_terms_only  # with pydicom, which listing decoders does without

    brightness, facts = radiograph.brightness, radiograph.facts
    if brightness.dtype != np.float32 or brightness.ndim != 2 or not brightness.size:
        raise ValueError("brightness is float32 (H, W)")
    if not (brightness.min() >= 0 and brightness.max() <= 1):  # false for NaN too
        raise ValueError("brightness lies in [0, 1]")
    if not (facts.rows or 0) >= brightness.shape[0] or not (facts.columns or 0) >= brightness.shape[1]:
        raise ValueError("rows and columns are those of the file, no fewer than those that were decoded")
    if not math.isfinite(radiograph.chroma):
        raise ValueError("chroma is a number")
    return defined_terms_only(radiograph)

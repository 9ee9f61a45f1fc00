"""The decoders that are installed: those that xrayscan brings, and those of plugins."""

import functools

from xrayscan.decode import BUILT_IN, Decoder, sniff
from xrayscan.plugin.manager import load_registry
from xrayscan.sources.reading import HEAD_BYTES


def decoders_for(data: bytes) -> tuple[Decoder, ...]:
    """Return the decoders to try on a file that begins so: the built-in ones, and where none fits, all.

    So a reader process loads plugins only when it meets a file that none of the built-in decoders recognises.
    """
    head = data[:HEAD_BYTES]
    return BUILT_IN if sniff(head) in _BUILT_IN_NAMES else installed_decoders()


@functools.cache
def installed_decoders() -> tuple[Decoder, ...]:
    """Return every decoder that is installed, the built-in ones first."""
    return tuple(load_registry().decoders.values())


_BUILT_IN_NAMES = frozenset(decoder.name for decoder in BUILT_IN)

"""A contract that every decoder keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import DecoderContract

class TestToy(DecoderContract):
    decoder = "TOY"
    films = [b"TOY ..."]

Give one or more whole files as bytes, small ones: each is read some forty times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from xrayscan.decode import BUILT_IN, Decoder, Radiograph, decode, sniff
from xrayscan.decode.limits import DEFAULT_LIMITS, Limits
from xrayscan.errors import Code, DecodeError
from xrayscan.sources.reading import HEAD_BYTES
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light

CUTS = 30
ANY_SIDE = 64  # pixels


@dataclass(frozen=True)
class DecoderSubject:
    """A decoder, and whole files of its format."""

    decoder: Decoder
    films: Sequence[bytes]

    def read(self, film: bytes, limits: Limits = DEFAULT_LIMITS) -> Radiograph:
        """Decode one of them."""
        return self.decoder.decode(film, at_least=ANY_SIDE, limits=limits)


def check_registration(subject: DecoderSubject) -> None:
    """It has all that a decoder has, under a name that may be shown, and there is a film to try it on."""
    assert_registrable("decoders", subject.decoder)
    assert subject.films, "give it a whole file at least"


def check_first_bytes(subject: DecoderSubject) -> None:
    """Its files are told by their first bytes, and others are not taken for them."""
    for film in subject.films:
        assert subject.decoder.sniff(film[:HEAD_BYTES])
        assert sniff(film[:HEAD_BYTES], (*BUILT_IN, subject.decoder)) == subject.decoder.name
    assert not subject.decoder.sniff(b"")
    assert not subject.decoder.sniff(b"just a text")


def check_brightness(subject: DecoderSubject) -> None:
    """Brightness is float32 (H, W) between 0 and 1, and the facts tell format and size."""
    for film in subject.films:
        radiograph = subject.read(film)
        brightness = radiograph.brightness
        assert brightness.dtype == np.float32
        assert brightness.ndim == 2
        assert 0 <= brightness.min() <= brightness.max() <= 1
        assert radiograph.facts.format
        assert None not in (radiograph.facts.rows, radiograph.facts.columns)


def check_repeatable(subject: DecoderSubject) -> None:
    """A file reads the same twice."""
    for film in subject.films:
        np.testing.assert_array_equal(subject.read(film).brightness, subject.read(film).brightness)


def check_limits(subject: DecoderSubject) -> None:
    """More pixels than allowed are refused."""
    for film in subject.films:
        code = None
        try:
            subject.read(film, Limits(max_pixels=1))
        except DecodeError as error:
            code = error.code
        assert code is Code.TOO_MANY_PIXELS, "the limit was not checked"


def check_cut_short(subject: DecoderSubject) -> None:
    """A file cut short is refused, not guessed."""
    for film in subject.films:
        for cut in sorted(set(np.linspace(1, len(film) - 1, CUTS, dtype=int).tolist())):
            try:
                decode(film[:cut], at_least=ANY_SIDE, decoders=(subject.decoder,))
            except DecodeError:
                continue
            raise AssertionError(f"a file of {len(film)} bytes was read from its first {cut}")


check_light_registration = light("decoders", attrgetter("decoder"))

CLAUSES = clauses_of(__name__)


class DecoderContract(Contract):
    """Subclass this in a test module, name the decoder, give it films, and pytest runs one test per clause."""

    decoder: str  # as registered
    films: Sequence[bytes]
    edge, clauses = "decoders", CLAUSES

    @classmethod
    def subject(cls) -> DecoderSubject:
        """The decoder, and its films."""
        return DecoderSubject(super().subject(), cls.films)

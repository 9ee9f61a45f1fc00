"""A contract that every decoder keeps, as pytest tests that a plugin runs against itself.

    from xrayscan.testing import DecoderContract

    class TestToy(DecoderContract):
        decoder = ToyDecoder()
        films = [b"TOY ..."]

Give one or more whole files as bytes, small ones: each is read some forty times.
"""

from collections.abc import Sequence

import numpy as np

from xrayscan.decode import BUILT_IN, Decoder, Radiograph, decode, sniff
from xrayscan.decode.limits import DEFAULT_LIMITS, Limits
from xrayscan.decode.sniff import HEAD_BYTES
from xrayscan.errors import Code, DecodeError

CUTS = 30
ANY_SIDE = 64  # pixels


class DecoderContract:
    """Subclass it in a test module, name the decoder and give it films."""

    decoder: Decoder
    films: Sequence[bytes]

    def test_its_files_are_told_by_their_first_bytes(self) -> None:
        for film in self.films:
            assert self.decoder.sniff(film[:HEAD_BYTES])
            assert sniff(film[:HEAD_BYTES], (*BUILT_IN, self.decoder)) == self.decoder.name
        assert not self.decoder.sniff(b"")
        assert not self.decoder.sniff(b"just a text")

    def test_brightness_is_float32_between_0_and_1(self) -> None:
        for film in self.films:
            radiograph = self._read(film)
            brightness = radiograph.brightness
            assert brightness.dtype == np.float32
            assert brightness.ndim == 2
            assert 0 <= brightness.min() <= brightness.max() <= 1
            assert radiograph.facts.format
            assert None not in (radiograph.facts.rows, radiograph.facts.columns)

    def test_a_file_reads_the_same_twice(self) -> None:
        for film in self.films:
            np.testing.assert_array_equal(self._read(film).brightness, self._read(film).brightness)

    def test_more_pixels_than_allowed_are_refused(self) -> None:
        for film in self.films:
            code = None
            try:
                self._read(film, Limits(max_pixels=1))
            except DecodeError as error:
                code = error.code
            assert code is Code.TOO_MANY_PIXELS, "the limit was not checked"

    def test_a_file_cut_short_is_refused_not_guessed(self) -> None:
        for film in self.films:
            for cut in sorted(set(np.linspace(1, len(film) - 1, CUTS, dtype=int).tolist())):
                try:
                    decode(film[:cut], at_least=ANY_SIDE, decoders=(self.decoder,))
                except DecodeError:
                    continue
                raise AssertionError(f"a file of {len(film)} bytes was read from its first {cut}")

    def _read(self, film: bytes, limits: Limits = DEFAULT_LIMITS) -> Radiograph:
        return self.decoder.decode(film, at_least=ANY_SIDE, limits=limits)

"""Sound files → damaged ones, drawn by a seed: the same number is always the same case."""

import random
import re
import struct
import zlib
from collections.abc import Callable, Sequence

LONGEST = 1 << 20  # bytes of a case
NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def case(seeds: Sequence[bytes], seed: int, number: int, words: Sequence[bytes] = ()) -> bytes:
    """The case of this number: one of ``seeds`` after up to eight mutations; ``words`` mean something to the format."""
    draw = random.Random(f"{seed}/{number}")
    data = bytearray(draw.choice(seeds))
    for _ in range(min(8, 1 + int(draw.expovariate(0.5)))):
        if words and draw.random() < 0.15:
            _word(draw, data, words)
        else:
            draw.choice(MUTATIONS)(draw, data, seeds)
    return bytes(data[:LONGEST])


def with_checksums(draw: random.Random, data: bytes) -> bytes:
    """The PNG with its checksums made right, three times out of four: else no mutation would come far."""
    if not data.startswith(b"\x89PNG") or draw.random() < 0.25:
        return data
    fixed, at = bytearray(data), 8
    while at + 12 <= len(fixed):
        (length,) = struct.unpack_from(">I", fixed, at)
        if at + 12 + length > len(fixed):
            break
        struct.pack_into(">I", fixed, at + 8 + length, zlib.crc32(fixed[at + 4 : at + 8 + length]))
        at += 12 + length
    return bytes(fixed)


def _place(draw: random.Random, data: bytearray) -> int:
    """Anywhere, but as often among the first bytes, where headers stand."""
    return draw.randrange(min(len(data), 512) if draw.random() < 0.5 else len(data)) if data else 0


def _flip(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(draw, data)] ^= 1 << draw.randrange(8)


def _byte(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(draw, data)] = draw.choice((0, 1, 127, 128, 254, 255, draw.randrange(256)))


def _number(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at, size = _place(draw, data), draw.choice((2, 4, 8))
    value = draw.choice(NUMBERS) & ((1 << 8 * size) - 1)
    data[at : at + size] = value.to_bytes(size, draw.choice(("little", "big")))


def _cut(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    del data[_place(draw, data) :]


def _remove(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = _place(draw, data)
    del data[at : at + draw.choice((1, 2, 4, 16, 64, 512))]


def _repeat(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = _place(draw, data)
    data[at:at] = data[at : at + draw.choice((1, 2, 4, 16, 64, 512))] * draw.choice((1, 1, 2, 20))


def _fill(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at, size = _place(draw, data), draw.choice((4, 16, 128, 600))
    data[at : at + size] = draw.choice((bytes(size), b"\xff" * size, draw.randbytes(size)))


def _splice(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = draw.choice(seeds)
    at, start = _place(draw, data), draw.randrange(len(other) or 1)
    data[at:] = other[start:] if draw.random() < 0.5 else other[start : start + 256] + bytes(data[at:])


def _digits(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """Another number where one stands as text, as in DICOM, JSON and CSV."""
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", bytes(data[:65536])))
    if found:
        place = draw.choice(found)
        number = draw.choice((b"0", b"-1", b"1e999", b"NaN", b"99999999999999999999", b"0.5", b"", b"\xd9\xa3"))
        data[place.start() : place.end()] = number


def _word(draw: random.Random, data: bytearray, words: Sequence[bytes]) -> None:
    at, word = _place(draw, data), draw.choice(words)
    data[at : at + draw.choice((0, len(word)))] = word


MUTATIONS: tuple[Mutation, ...] = (_flip, _byte, _number, _number, _cut, _remove, _repeat, _fill, _splice, _digits)

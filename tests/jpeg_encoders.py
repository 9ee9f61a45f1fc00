"""Test-only JPEG encoders for the processes that no library here writes: lossless and 12-bit sequential DCT.

Both use Huffman tables whose codes all have one length, which is legal and keeps them short: what is under test is
the decoder. Source: ITU-T T.81 (09/92): annex F (sequential DCT), annex H (lossless), annex B (markers), annex K.
"""

import struct

import numpy as np
import numpy.typing as npt


def lossless_jpeg(values: npt.NDArray[np.integer], bits: int, *, predictor: int = 1) -> bytes:
    """Encode unsigned values (H, W) of ``bits`` precision by process 14, SOF3; ``predictor`` 1 is "SV1"."""
    picture = values.astype(np.int64)
    left, above = np.roll(picture, 1, axis=1), np.roll(picture, 1, axis=0)
    predicted = {1: left, 2: above, 7: (left + above) >> 1}[predictor].copy()
    predicted[0, 1:] = left[0, 1:]  # H.1.2.1: the first row is predicted from the left, the first column from above
    predicted[1:, 0] = above[1:, 0]
    predicted[0, 0] = 1 << (bits - 1)
    differences = (picture - predicted + 32768) % 65536 - 32768
    out = _Bits()
    for difference in differences.ravel().tolist():
        category = 16 if difference == -32768 else abs(difference).bit_length()
        out.put(category, 5)
        if category < 16:
            out.put_signed(difference, category)
    scan = _segment(0xDA, bytes([1, 1, 0x00, predictor, 0, 0])) + out.to_bytes()
    table = _huffman_table(0x00, 5, range(17))
    return b"\xff\xd8" + _frame(0xC3, values.shape, bits) + table + scan + b"\xff\xd9"


def extended_jpeg(values: npt.NDArray[np.integer], bits: int = 12, *, step: int = 1) -> bytes:
    """Encode unsigned values (H, W) by process 4, SOF1 (8 or 12 bits); every coefficient is quantised by ``step``."""
    height, width = values.shape
    padded = np.pad(values.astype(np.float64), ((0, -height % 8), (0, -width % 8)), mode="edge") - (1 << (bits - 1))
    k = np.arange(8)
    dct = np.sqrt(np.where(k == 0, 1, 2) / 8)[:, None] * np.cos(np.pi * np.outer(k, 2 * k + 1) / 16)
    zigzag = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))
    out, previous = _Bits(), 0
    for y in range(0, padded.shape[0], 8):
        for x in range(0, padded.shape[1], 8):
            block = np.rint(dct @ padded[y : y + 8, x : x + 8] @ dct.T / step).astype(int).ravel()[zigzag].tolist()
            _put_block(out, block[0] - previous, block[1:])
            previous = block[0]
    symbols = [0x00, 0xF0] + [run << 4 | size for run in range(16) for size in range(1, 15)]
    tables = _huffman_table(0x00, 5, range(16)) + _huffman_table(0x10, 8, symbols)
    quantisation = _segment(0xDB, bytes([0, *[step] * 64]))
    scan = _segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0])) + out.to_bytes()
    return b"\xff\xd8" + quantisation + _frame(0xC1, values.shape, bits) + tables + scan + b"\xff\xd9"


def _put_block(out: "_Bits", dc_difference: int, ac: list[int]) -> None:
    symbols = [0x00, 0xF0] + [run << 4 | size for run in range(16) for size in range(1, 15)]
    category = abs(dc_difference).bit_length()
    out.put(category, 5)
    out.put_signed(dc_difference, category)
    run = 0
    for value in ac:
        if value == 0:
            run += 1
            continue
        for _ in range(run // 16):
            out.put(symbols.index(0xF0), 8)
        size = abs(value).bit_length()
        out.put(symbols.index(run % 16 << 4 | size), 8)
        out.put_signed(value, size)
        run = 0
    if run:
        out.put(symbols.index(0x00), 8)


def _frame(marker: int, shape: tuple[int, ...], bits: int) -> bytes:
    return _segment(marker, struct.pack(">BHHB", bits, *shape, 1) + bytes([1, 0x11, 0]))


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _huffman_table(identifier: int, length: int, symbols: "list[int] | range") -> bytes:
    counts = [0] * 16
    counts[length - 1] = len(symbols)
    return _segment(0xC4, bytes([identifier, *counts, *symbols]))


class _Bits:
    """A bit string, written most significant bit first, with a zero stuffed after every 0xFF (B.1.1.5)."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def put(self, value: int, length: int) -> None:
        if length:
            self.parts.append(f"{value:0{length}b}")

    def put_signed(self, value: int, category: int) -> None:
        self.put(value if value >= 0 else value + (1 << category) - 1, category)

    def to_bytes(self) -> bytes:
        text = "".join(self.parts)
        text += "1" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")

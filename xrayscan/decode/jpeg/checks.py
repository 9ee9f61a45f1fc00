"""What is wrong with a JPEG stream though no codec says so: scans missing, holes filled with zeros, headers that kill.

Source: ITU-T T.81 annex B (markers), annex C (Huffman tables), annex F.2 and G (sequential and progressive decoding).
"""

from xrayscan.decode.jpeg.stream import (
    DHT,
    FRAMES,
    SOS,
    Frame,
    Segment,
    Stream,
    segments,
)
from xrayscan.errors import Code, DecodeError

_HOLE = bytes(64)  # 512 bits: more than a block's worth of any AC code, see check_no_hole


def check_scans(stream: Stream) -> None:
    """Raise DecodeError unless every coefficient of every component was sent to its last bit.

    A progressive JPEG cut between two scans is a complete stream of a blurred picture: no codec objects.
    """
    missing: dict[int, list[int]] = {}  # component → per coefficient, how many low bits are still to come
    progressive = False
    for segment in segments(stream.data):
        if segment.marker in FRAMES:
            progressive = segment.marker == 0xC2
            missing = {component: [16] * 64 for component in segment.body[6::3]}
        elif segment.marker == SOS and segment.body:
            count = segment.body[0]
            first, last, bits = segment.body[1 + 2 * count : 4 + 2 * count] if progressive else (0, 63, 0)
            for component in segment.body[1 : 1 + 2 * count : 2]:
                if component in missing and last < 64:
                    missing[component][first : last + 1] = [bits & 15] * (last + 1 - first)
    if not missing or any(any(bits) for bits in missing.values()):
        raise DecodeError(Code.TRUNCATED, "truncated JPEG")


def check_no_hole(stream: Stream) -> None:
    """Raise DecodeError if entropy-coded data holds a run of zeros that no picture gives: a hole left by a transfer.

    A decoder falls back into step behind a hole and may even meet the end of the data on time. A Huffman code of
    zeros only is the first of its table; unless it means "end of block", 512 zero bits are blocks that have one and
    the same coefficient at every frequency.
    """
    data = stream.data
    if data.find(_HOLE, stream.scan.start) < 0 or stream.is_lossless:
        return
    ac_starts_with_end = False
    for segment in segments(data):
        if segment.marker == DHT:
            ac_starts_with_end |= _first_ac_symbol_is_zero(segment.body)
        if segment.marker == SOS and not ac_starts_with_end and _carries_ac(segment, stream):
            hole = data.find(_HOLE, segment.data_at)
            if 0 <= hole < segment.end:
                raise DecodeError(Code.DAMAGED, "damaged JPEG")


def _first_ac_symbol_is_zero(tables: bytes) -> bool:
    """Whether a table of luminance AC codes in this DHT segment starts with "end of block"."""
    while len(tables) >= 17:
        symbols = sum(tables[1:17])
        if tables[0] == 0x10 and tables[17:18] == b"\0":
            return True
        tables = tables[17 + symbols :]
    return False


def _carries_ac(scan: Segment, stream: Stream) -> bool:
    return not stream.is_progressive or (len(scan.body) >= 3 and scan.body[-3] > 0 and scan.body[-1] >> 4 == 0)


def check_is_sound(stream: Stream) -> None:
    """Raise DecodeError unless the segments up to the one scan follow each other and describe what GDCM can decode.

    GDCM throws through Python's boundary at a missing table, and writes beyond its buffer at an absurd precision:
    either ends the process.
    """
    frame, tables, at, scan = stream.frame, set[int](), 2, stream.scan.body
    for segment in stream.head:
        if segment.start != at:
            raise DecodeError(Code.DAMAGED, "damaged JPEG")
        at = segment.data_at
        if segment.marker == DHT:
            tables |= _table_names(segment.body)
    count = frame.components
    if frame.marker not in (0xC1, 0xC3) or not 2 <= frame.precision <= 16 or count not in (1, 3):
        raise DecodeError(Code.DAMAGED, "damaged JPEG")
    if len(scan) != 2 * count + 4 or scan[0] != count or not _tables_needed(frame, scan) <= tables:
        raise DecodeError(Code.DAMAGED, "damaged JPEG")


def _tables_needed(frame: Frame, scan: bytes) -> set[int]:
    """Return class << 4 | number of the Huffman tables that a scan names; the lossless process has no AC tables."""
    names = scan[2 : 2 * scan[0] + 1 : 2]
    return {name >> 4 for name in names} | ({0x10 | name & 15 for name in names} if frame.marker == 0xC1 else set())


def _table_names(body: bytes) -> set[int]:
    """Return class << 4 | number of each Huffman table in a DHT segment whose code lengths can be (Kraft)."""
    names = set()
    while len(body) >= 17:
        counts, symbols = body[1:17], sum(body[1:17])
        if symbols and len(body) >= 17 + symbols and sum(n << (15 - i) for i, n in enumerate(counts)) <= 1 << 16:
            names.add(body[0])
        body = body[17 + symbols :]
    return names

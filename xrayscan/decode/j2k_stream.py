"""Whether a JPEG 2000 codestream is as long as its tile-parts say.

OpenJPEG refuses a tile-part cut short, but lets the last few bytes pass. Source: ITU-T T.800 (JPEG 2000 part 1)
annex A: markers (A.2), SOC, SIZ … (A.4, A.5), SOT with its length Psot (A.4.2), EOC (A.4.4).
"""

_SOC, _SOT, _EOC = b"\xff\x4f", b"\xff\x90", b"\xff\xd9"
_JP2_CODESTREAM = b"jp2c"


def is_complete(stream: bytes) -> bool:
    """Whether the tile-parts lead exactly to the end marker; a JP2 wrapper, which some writers leave on, is skipped."""
    at = 0 if stream.startswith(_SOC) else stream.find(_JP2_CODESTREAM) + 4
    if stream[at : at + 2] != _SOC:
        return False
    at += 2
    while stream[at : at + 1] == b"\xff" and stream[at : at + 2] not in (_SOT, _EOC):  # the main header
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    while stream[at : at + 2] == _SOT:
        length = int.from_bytes(stream[at + 6 : at + 10], "big")
        if length == 0:  # the last tile-part, up to the end marker: OpenJPEG decides
            return stream.rfind(_EOC) > at
        at += max(length, 12)
    return stream[at : at + 2] == _EOC

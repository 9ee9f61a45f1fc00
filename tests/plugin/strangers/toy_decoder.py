"""TOY, a format of a stranger's: four letters, rows and columns as 16-bit numbers, one byte a pixel."""

import struct
from collections.abc import Callable

import numpy as np

from xrayscan import Code, DecodeError, Decoder, Facts, Limits, Radiograph, hookimpl


class Toy:
    name = "TOY"

    def sniff(self, head: bytes) -> bool:
        return head.startswith(b"TOY1")

    def decode(self, data: bytes, *, at_least: int, limits: Limits) -> Radiograph:
        if len(data) < 8 or len(data) < 8 + int.from_bytes(data[4:6], "little") * int.from_bytes(data[6:8], "little"):
            raise DecodeError(Code.TRUNCATED, "truncated TOY")
        rows, columns = struct.unpack_from("<HH", data, 4)
        limits.check_size(rows, columns)
        values = np.frombuffer(data, np.uint8, rows * columns, 8).reshape(rows, columns)
        return Radiograph(np.divide(values, 255, dtype=np.float32), Facts(format="TOY", rows=rows, columns=columns))


@hookimpl
def register_decoders(register: Callable[[Decoder], None]) -> None:
    register(Toy())

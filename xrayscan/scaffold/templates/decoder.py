"""A decoder: files of eight letters and then 64 x 64 grey values, one byte each."""

from collections.abc import Callable

from xrayscan import Code, DecodeError, Decoder, Facts, Limits, Radiograph, hookimpl

MAGIC = b"GREY64\r\n"
SIDE = 64


class MyPlugin:
    """Runs in reader processes: it keeps no state and imports nothing heavy."""

    name = "my-plugin"

    def sniff(self, head: bytes) -> bool:
        """Whether a file begins as this format does."""
        return head.startswith(MAGIC)

    def decode(self, data: bytes, *, at_least: int, limits: Limits) -> Radiograph:
        """Turn a whole file into brightness in [0, 1], bone bright. Raises: DecodeError with what is wrong."""
        import numpy as np

        limits.check_size(SIDE, SIDE)
        if len(data) != len(MAGIC) + SIDE * SIDE:
            raise DecodeError(Code.TRUNCATED, "truncated file of my-plugin")
        grey = np.frombuffer(data, np.uint8, offset=len(MAGIC)).reshape(SIDE, SIDE)
        facts = Facts(format=self.name, rows=SIDE, columns=SIDE)
        return Radiograph(np.divide(grey, 255, dtype=np.float32), facts)


@hookimpl
def register_decoders(register: Callable[[Decoder], None]) -> None:
    """Offer the decoder."""
    register(MyPlugin())

"""The formats that xrayscan reads by itself, in the order in which they are tried."""

from collections.abc import Callable
from dataclasses import dataclass

from xrayscan.decode.bmp import decode_bmp, is_bmp
from xrayscan.decode.interface import Decoder, Radiograph
from xrayscan.decode.jpeg.decoder import decode_jpeg
from xrayscan.decode.limits import Limits
from xrayscan.decode.png import decode_png
from xrayscan.decode.pnm import decode_pnm, is_pnm
from xrayscan.decode.sniff import is_dicom
from xrayscan.decode.tiff import decode_tiff

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00")  # the last one is BigTIFF


@dataclass(frozen=True, slots=True)
class Format:
    """A decoder made of functions, for formats that have one scale only."""

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[bytes, Limits], Radiograph]

    def decode(self, data: bytes, *, at_least: int, limits: Limits) -> Radiograph:
        """Read the whole picture, whatever ``at_least`` is."""
        return self.read(data, limits)


class Jpeg:
    """The one format that is decoded at a reduced scale."""

    name = "JPEG"

    def sniff(self, head: bytes) -> bool:
        return head.startswith(b"\xff\xd8\xff")

    def decode(self, data: bytes, *, at_least: int, limits: Limits) -> Radiograph:
        return decode_jpeg(data, at_least=at_least, limits=limits)


def _dicom(data: bytes, limits: Limits) -> Radiograph:
    """Import what reads DICOM where one is read: listing the decoders, as ``--help`` does, is quick without it.

    pydicom first and by itself: a module of a package that another thread is just importing would find half of it.
    """
    import pydicom  # noqa: F401

    from xrayscan.decode.dicom.decoder import decode_dicom

    return decode_dicom(data, limits)


BUILT_IN: tuple[Decoder, ...] = (
    Format("DICOM", is_dicom, _dicom),  # first: its preamble may hold the head of a TIFF
    Jpeg(),
    Format("PNG", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), decode_png),
    Format("TIFF", lambda head: head.startswith(_TIFF), decode_tiff),
    Format("BMP", is_bmp, decode_bmp),
    Format("PGM", is_pnm, decode_pnm),
)
